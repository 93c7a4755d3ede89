/* Flushes the bins of sleeping threads, and what has grown old in the bins of threads at work. The protocol is in
 * thread.h. */
#ifndef SS_PARK_H
#define SS_PARK_H

#include "base/signal.h"
#include "heap/heap.h"

/* Odd while a parker moves blocks from bins to slabs. Written under park_lock. */
extern _Atomic uint32_t ss_flushes SS_HIDDEN;

/* Flushes the heap of every other thread that is outside the allocator now. False if the system has no barrier to run
 * on other threads: they keep what they hold. */
bool ss_park_and_flush(ss_faults *faults);

/* Called once a tick. Flushes the heaps of threads that have slept for `ticks` ticks. Adds the cold paths of all heaps
 * to *cold. True if heaps were flushed: there may be more to do. */
bool ss_park_sleepers(uint32_t ticks, uint32_t *cold, ss_faults *faults);

/* Called once a tick, after ss_park_sleepers. If threads at work hold more than SS_SCAVENGER_END_BYTES, gives back what
 * has grown old in their heaps (ss_heap_age). True if they still hold more. */
bool ss_park_workers(uint32_t ticks, ss_faults *faults);

/* Calls `read` for the heap of every other thread that is outside the allocator now. A thread that wakes meanwhile
 * waits. False if the system has no barrier. */
bool ss_park_and_read(void (*read)(ss_heap *heap, void *context), void *context);

/* Sets whether heaps keep slabs from now on. SS_KEEPING_NEVER is final. */
void ss_park_keeping(ss_keeping keeping);

/* In the child of a fork, after park_lock was inherited: no flush is under way, except one that this thread was in. */
void ss_park_inherit(void);

#endif
