/* Counting the bytes that a thread asks for, for a profile, without an instruction on the hot paths while there is none.
 *
 * A heap that counts has bounds of its own on its thread's hot path (thread.h): the bounds up to which malloc serves
 * requests without counting are 0, and counted_end is not. So each small enough request is subtracted from what is left
 * to the next sample, seven instructions more, and is then served as without a profile: from the same bins, in the same
 * order, with the same header. The request with which nothing is left goes to the cold path, which samples its block. All other
 * requests take their cold paths and are counted there. A heap that counts has no large cache.
 *
 * A sampled block has the header SS_HEADER_SAMPLED, which no vacant slot holds, so every free of it takes a cold path. An
 * aligned one has that number in the table of live blocks. */
#ifndef SS_COUNT_H
#define SS_COUNT_H

#include "heap/heap.h"

/* Whether the heap is not yet as the profile's state wants it. Called by the heap's thread. */
static inline bool ss_count_is_late(const ss_heap *heap) {
    return heap->count.on != ss_is_profiled();
}

/* Makes the heap count, or no longer, as the profile's state wants it. Called by the thread that has the heap. Does
 * nothing while another thread holds the heap's thread_lock: the next cold path tries again. */
void ss_count_settle(ss_heap *heap);

/* The same for a thread that has parked the heap's thread. */
void ss_count_set_parked(ss_heap *heap);

/* Whether a heap with a thread is not as the profile's state wants it. A guess while the thread works. */
bool ss_count_seems_late(ss_heap *heap);

/* Says whether heaps are to count. */
void ss_count_want(bool on);

/* ---- what a heap knows for samples ---- */

static inline bool ss_count_is_on(const ss_heap *heap) {
    return heap->count.on;
}

static inline uint32_t ss_count_label(const ss_heap *heap) {
    return heap->count.label;
}

/* What was found of its thread's stack. */
static inline ss_stack *ss_count_stack(ss_heap *heap) {
    return &heap->count.stack;
}

/* Sets the label of what the heap's thread allocates. Returns the one before. */
uint32_t ss_count_set_label(ss_heap *heap, uint32_t label);

/* At a thread's birth, and at its end. */
void ss_count_begin(ss_heap *heap, ss_thread *thread);
void ss_count_end(ss_heap *heap, ss_thread *thread);

/* In the child of a fork, for a heap that a parker was changing: sets what its thread has of it. */
void ss_count_mend(ss_heap *heap, ss_thread *thread);

/* In the child of a fork: the number of heaps that count, added up anew. */
void ss_count_inherit(uint32_t heaps);

/* A request of `bytes` is served that the hot path has not counted, or found to be due: whether its block is to be
 * sampled. Called by the heap's thread. */
bool ss_count_is_due(ss_heap *heap, ss_thread *self, size_t bytes);

#endif
