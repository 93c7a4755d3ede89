/* Memory for the allocator's own state outside of spaces: heaps, slots of bins, threads' blocks, spaces, windows. It is
 * never given back to the system, but its blocks are reused. */
#ifndef SS_META_H
#define SS_META_H

#include "base/types.h"

/* A zeroed, cache-line aligned block of at least `bytes`, or NULL. */
void *ss_meta_take(size_t bytes);
/* Makes a block available again; `bytes` is what ss_meta_take was called with. */
void ss_meta_give(void *block, size_t bytes);

/* The addresses of chunk `index`, in the order in which they were begun. False if there is no such chunk, if it is not
 * one of the first SS_META_CHUNKS, and while another thread takes memory. */
#define SS_META_CHUNKS 16u
typedef struct ss_meta_chunk_range {
    uintptr_t start, end; /* not the length, which as a number would be an address in Node's code */
} ss_meta_chunk_range;
bool ss_meta_chunk(uint32_t index, ss_meta_chunk_range *out);

/* In the child of a fork: begins another chunk if a thread that is gone was changing the current one. */
void ss_meta_inherit(void);
/* Whether the calling thread holds the lock of this memory: true only in a signal handler that interrupted it there. */
bool ss_meta_is_mine(void);

/* Commits the first `bytes` of an array; *ready counts the bytes that are committed. Threads may call this at the same
 * time. False if the system refuses. */
bool ss_meta_ensure(void *array, _Atomic size_t *ready, size_t bytes);
/* The same for the `bytes` before `end`. */
bool ss_meta_ensure_below(void *end, _Atomic size_t *ready, size_t bytes);

#endif
