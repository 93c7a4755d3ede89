/* The allocating and freeing that is not hot: what the hot paths end in when nothing was at hand. */
#ifndef SS_COLD_H
#define SS_COLD_H

#include "heap/observe.h"

/* Any other block's; reports a pointer that is none and returns 0. */
size_t ss_usable_size_cold(const void *block);

/* ---- the cold ways in and out ---- */

/* What the hot path could not serve: a large request, an empty bin, a thread without a heap; or any, where there is an
 * observer. It is told of the call that ends in one of these functions, and not of what they call themselves: that
 * ends in those whose names end in `quiet`. */
void *ss_malloc_cold(size_t size);
void *ss_malloc_as(ss_call call, size_t size);
void *ss_malloc_quiet(size_t size);

/* Gives back what the calling thread's bins hold. */
void ss_flush_own_heap(void);

/* Not in the first headed space, or the thread is closed. */
void ss_free_cold(void *block);
void ss_free_quiet(void *block);
/* Where there is an observer: tells it, and frees the block if that is easily done; false if it is still to be freed. */
bool ss_free_observed(ss_call call, void *block);
/* The same for what ss_free_aligned_hot did not take. */
void ss_free_elsewhere(void *block);
/* Pushes a block of `bin` that is no longer live; its bin may be full, or the thread closed. */
void ss_free_push(void *block, unsigned bin);

/* A realloc that does not leave the block as it is, or of another block than a small one. */
void *ss_realloc_further(void *block, size_t size);

/* An aligned request that ss_aligned_hot could not serve. */
void *ss_aligned_cold(size_t alignment, size_t size);
void *ss_aligned_as(ss_call call, size_t alignment, size_t size);
/* Marks an aligned block as live that does not lie in the first headless space; leaves the thread and returns
 * the block. */
void *ss_aligned_elsewhere(void *block, unsigned bin);
/* A block that ss_free_aligned_hot was about to free has just been freed by another thread. */
void ss_free_lost(void *block);
/* In the first headed space; with the thread inside. The header is not that of the slab's bin, or the bin has
 * no room, or no slab is there. */
void ss_free_refused(void *block);

#endif
