/* Birth and end of a thread: when it gets its heap, and when it gives it up. */
#ifndef SS_LIFECYCLE_H
#define SS_LIFECYCLE_H

#include "heap/heap.h"

/* Called inside and after ss_process_init, when the hot path found nothing: the thread's own heap, made if it has none yet,
 * waited for if it is parked. NULL for a thread that is ending or when there is no memory for a heap:
 * it then allocates without one. *self may change to the block of a thread that had none. */
ss_heap *ss_thread_heap(ss_thread **self);

/* By initialisation. */
void ss_lifecycle_init(void);

#endif
