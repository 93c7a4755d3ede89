/* Observers: what is told of each allocation and each free, for a recording or a profile.
 *
 * The hot paths know nothing of an observer. While there is one every thread is closed to them (thread.h): its bounds
 * stay 0, so each call ends in its cold path, which asks one flag. What realloc compares a block with, ss_resize_base,
 * stays where no block is, for the same reason. */
#ifndef SS_OBSERVE_H
#define SS_OBSERVE_H

#include "heap/heap.h"

/* Which function of the program's was called. The numbers stand in recordings (docs/recording.md) and do not change. */
typedef enum ss_call {
    SS_CALL_MALLOC = 1,
    SS_CALL_CALLOC = 2,
    SS_CALL_REALLOC = 3,
    SS_CALL_ALIGNED = 4, /* aligned_alloc, memalign, valloc, pvalloc */
    SS_CALL_POSIX_MEMALIGN = 5,
    SS_CALL_NEW = 6,
    SS_CALL_NEW_ALIGNED = 7,
    SS_CALL_FREE = 8,
    SS_CALL_FREE_SIZED = 9,
    SS_CALL_FREE_ALIGNED_SIZED = 10,
    SS_CALL_DELETE = 11,
    SS_CALL_DELETE_SIZED = 12,
    SS_CALL_DELETE_ALIGNED = 13
} ss_call;

/* Each function is called by the thread that makes the call, outside the allocator and with no lock held. It must not
 * allocate. `own` is the observer's word of the calling thread's heap, which later threads that get the heap find as
 * it was left; NULL for a thread without a heap. errno is the program's, to be left alone. */
typedef struct ss_observer {
    /* The block is there, and the caller does not have it yet. */
    void (*allocated)(void **own, ss_call call, const void *block, size_t size, size_t alignment);
    /* Before the block is freed, so before any thread can be given it again. */
    void (*freeing)(void **own, ss_call call, const void *block);
    /* Around a realloc of a block. What the first returns the second is given. `after` is NULL if it failed; it may be
     * `before`. */
    uint64_t (*resizing)(void **own, const void *before);
    void (*resized)(void **own, uint64_t ticket, const void *before, const void *after,
                    size_t size);
    /* The thread has had its last call with this heap. */
    void (*thread_ended)(void **own);
} ss_observer;

/* From now on, for good. To be called before the process has a heap; `observer` is constant. False where the system
 * does not let it be set (sealed.h). An observer that comes later has to close the threads that there are, by the
 * protocol of parking. */
bool ss_observe(const ss_observer *observer);

/* Called while there is an observer. */
void *ss_observe_allocated(ss_call call, void *block, size_t size, size_t alignment);
void ss_observe_freeing(ss_call call, const void *block);
uint64_t ss_observe_resizing(const void *block);
void *ss_observe_resized(uint64_t ticket, const void *before, void *after, size_t size);
void ss_observe_thread_ended(ss_heap *heap);

#endif
