/* Flushing the bins of threads that sleep, and what grew old in those of threads at work; the protocol is in
 * thread.h. */
#ifndef SS_PARK_H
#define SS_PARK_H

#include "base/signal.h"
#include "heap/heap.h"

/* Odd while blocks of parked heaps go back to their slabs, under park_lock. */
extern _Atomic uint32_t ss_flushes SS_HIDDEN;

/* Flushes the heap of every thread that is outside the allocator now, the caller's excepted. False
 * where the system has no barrier to run on other threads: what they hold stays. */
bool ss_park_and_flush(ss_faults *faults);

/* Once a tick. The same for the heaps of threads that have taken no cold path for so many ticks. Adds all heaps'
 * cold paths to *cold. True if some slept: there may be more to do. */
bool ss_park_sleepers(uint32_t ticks, uint32_t *cold, ss_faults *faults);

/* Once a tick, after that. Of all others' bins, if they hold more than SS_SCAVENGER_END_BYTES, gives back what grew
 * old (ss_heap_age). True if they still do. */
bool ss_park_workers(uint32_t ticks, ss_faults *faults);

/* Has each heap read whose thread is outside the allocator now, the caller's excepted; the thread waits meanwhile if it
 * wakes. False where the system has no barrier. */
bool ss_park_and_read(void (*read)(ss_heap *heap, void *context), void *context);

/* Tells whether heaps keep slabs from now on; SS_KEEPING_NEVER is never taken back. */
void ss_park_keeping(ss_keeping keeping);

/* In a child, with park_lock inherited: no flush is under way, unless it is this thread's. */
void ss_park_inherit(void);

#endif
