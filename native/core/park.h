/* Flushing the bins of threads that sleep; the protocol is in thread.h. */
#ifndef SS_PARK_H
#define SS_PARK_H

#include "heap.h"

/* Flushes the heap of every thread that is outside the allocator now, the caller's excepted. False
 * where the system has no barrier to run on other threads: what they hold stays. */
bool ss_park_and_flush(ss_faults *faults);

/* The same for the heaps of threads that have taken no cold path for so many calls. Adds all heaps'
 * cold paths to *cold. True if there may be more to do: some slept, or threads that are at work keep
 * more than SS_SCAVENGER_END_BYTES. */
bool ss_park_sleepers(uint32_t ticks, uint32_t *cold, ss_faults *faults);

#endif
