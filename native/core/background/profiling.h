/* The start and the end of a profile: has the heaps of all threads count, or no longer. Each heap is told by the protocol
 * of parking where its thread is outside the allocator; a thread that is inside stays closed, and its next call sees to
 * it (count.h). */
#ifndef SS_PROFILING_H
#define SS_PROFILING_H

#include "superslab.h"

/* The calling thread's own heap is left to the caller. */
superslab_profile_error ss_profiling_start(size_t mean);
superslab_profile_error ss_profiling_stop(void);

#endif
