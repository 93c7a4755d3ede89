/* An observer is told of each allocation and each free, for a recording or a profile. Of those that a thread's bins serve
 * it may be told by entries on the thread's tape (tape.h).
 *
 * The hot paths know nothing of it. While there is an observer, all threads stay closed (thread.h): their bounds are 0,
 * so each call ends in its cold path, which tests one flag. For the same reason ss_resize_base, with which realloc
 * compares a block, lies above all addresses. */
#ifndef SS_OBSERVE_H
#define SS_OBSERVE_H

#include "heap/heap.h"
#include "heap/tape.h"

/* The function that the program called. The numbers stand in recordings (docs/recording.md) and do not change. */
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

/* Each function is called by the thread that makes the call, with no lock held; all but `thread_ended` outside the
 * allocator. All but `tape_open` close the thread's tape, also if they record nothing. It must not allocate and must keep errno. `word` points to the observer's word in the thread's heap; NULL
 * for a thread without a heap. A later thread that gets the heap finds the word as it was left. */
typedef struct ss_observer {
    /* After the allocation, before the caller has the block; `block` is NULL if it failed. */
    void (*allocated)(void **word, ss_call call, const void *block, size_t size, size_t alignment);
    /* Before the block is freed, so before any thread can get it again. */
    void (*freeing)(void **word, ss_call call, const void *block);
    /* Before and after a realloc of a block. `ticket` is what `resizing` returned. `after` is NULL if realloc failed,
     * and may equal `before`. */
    uint64_t (*resizing)(void **word, const void *before);
    void (*resized)(void **word, uint64_t ticket, const void *before, const void *after,
                    size_t size);
    /* The thread's tape is closed or used up. Returns the tape, open if that is possible; NULL if the thread has none. */
    ss_tape *(*tape_open)(void **word);
    /* The thread makes no more calls with this heap. */
    void (*thread_ended)(void **word);
} ss_observer;

/* Sets the observer, for good. Must be called before the process has a heap: a later observer would have to close the
 * threads that exist, by the protocol of parking. *observer must not change. False if the system refuses (sealed.h). */
bool ss_observe(const ss_observer *observer);

/* To be called only while there is an observer. */
void *ss_observe_allocated(ss_call call, void *block, size_t size, size_t alignment);
void ss_observe_freeing(ss_call call, const void *block);
uint64_t ss_observe_resizing(const void *block);
void *ss_observe_resized(uint64_t ticket, const void *before, void *after, size_t size);
void ss_observe_thread_ended(ss_heap *heap);
SS_COLD void ss_observe_tape_open(ss_heap *heap);

/* The tape of the heap that the calling thread has, and in *at the place of its next entry; NULL if it is not open. */
static inline ss_tape *ss_observe_tape(const ss_heap *heap, uint8_t **at) {
    ss_tape *tape = heap->tape;
    return SS_LIKELY(tape != NULL) && SS_LIKELY(ss_tape_is_open(tape, at)) ? tape : NULL;
}

#endif
