/* Birth and end of a thread: when it gets its heap, and when it gives it up. */
#ifndef SS_LIFECYCLE_H
#define SS_LIFECYCLE_H

#include "heap/heap.h"

/* The calling thread's heap. Makes one if the thread has none yet, and waits while the thread is parked. NULL while the
 * thread is being born or ends, or without memory for a heap: the thread then allocates without one. Called inside the
 * allocator, after ss_process_init. If the thread had no block, *self becomes the block that is made for it. */
ss_heap *ss_thread_heap(ss_thread **self);

/* Called by initialisation. */
void ss_lifecycle_init(void);

#endif
