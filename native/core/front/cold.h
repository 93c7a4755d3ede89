/* The cold paths: what the hot paths call when they cannot serve a call themselves. One header for alloc.c, free.c,
 * realloc.c, inspect.c and trim.c: hot.h, which the preload library and the table of the C API compile in as well, calls
 * what is in each of them, and they call each other. */
#ifndef SS_COLD_H
#define SS_COLD_H

#include "front/taped.h"
#include "slab/seal.h"
#include "slab/trailer.h"

/* The usable size of a block that ss_usable_size_hot does not know, 0 for NULL. Reports a pointer that is not a block
 * and returns 0. */
size_t ss_usable_size_cold(const void *block);

/* ---- malloc and free ---- */

/* Serve a request that the hot path could not: a large size, an empty bin, a thread without a heap; or any request
 * while there is an observer. The functions tell the observer of the program's call. Calls from within the allocator
 * use the functions whose names end in `quiet`, which do not. */
void *ss_malloc_cold(size_t size);
void *ss_malloc_as(ss_call call, size_t size);
/* What a cold path of malloc tries first while calls are watched: with an observer, and nothing else that watches, a block
 * is taken from a bin and noted on the thread's tape (heap/tape.h). Otherwise has the rest served. */
void *ss_malloc_first(size_t size, const ss_malloc_kind *kind);
void *ss_malloc_quiet(size_t size);

/* Flushes the calling thread's heap. */
void ss_flush_own_heap(void);

/* Free a block that is not in the first headed space, or any block of a closed thread. */
void ss_free_cold(void *block);
void ss_free_quiet(void *block);
/* Called while calls are watched, before `rest` frees the block; with an observer, as ss_free_taped. */
void ss_free_counted(void *block, ss_call call, ss_rest_of_free *rest);
static inline void ss_free_watched(void *block, ss_call call, ss_rest_of_free *rest) {
    (ss_is_observed() ? ss_free_taped : ss_free_counted)(block, call, rest);
}
/* Frees a block that ss_free_aligned_hot did not take. */
void ss_free_elsewhere(void *block);
/* Pushes a block of `bin` that is no longer live. The bin may be full, or the thread closed. */
void ss_free_push(void *block, unsigned bin);

/* A realloc that ss_realloc_hot could not serve: the block may have to change, or is not small. */
void *ss_realloc_further(void *block, size_t size);

/* An aligned request that ss_aligned_hot could not serve. */
void *ss_aligned_cold(size_t alignment, size_t size);
void *ss_aligned_as(ss_call call, size_t alignment, size_t size);
/* Marks an aligned block that is not in the first headless space as live, leaves the allocator, and returns the
 * block. */
void *ss_aligned_elsewhere(void *block, unsigned bin);
/* Reports a double free: another thread has just freed the block that ss_free_aligned_hot was about to free. */
void ss_free_lost(void *block);
/* Frees or reports a block of the first headed space whose push was refused: its header is not that of the slab's bin,
 * the bin is full, or no slab is there. Called with the thread inside, and leaves it. */
void ss_free_refused(void *block);
/* Level 2: hands out a block that was written after it was freed, and reports that. Called with the thread inside, and
 * leaves it. */
void *ss_malloc_written(void *block, size_t size, size_t usable, ss_trailer_kind kind);
/* Hardened: reports a block that a free of that kind of function found broken, or of another size than it `asked` for.
 * Leaves the thread outside. True if nothing is wrong: the block is to be freed, whatever its trailer says of its size. */
bool ss_free_broken(void *block, ss_trailer_kind kind, size_t asked);
/* Level 2: the end of the hot paths for classes whose blocks are scrubbed as a whole. Out of line, so that those of other
 * classes need few registers. Called with the thread inside, and leave it. ss_free_all returns false, with nothing done and
 * the thread inside, if something may be wrong beside the block. */
void *ss_malloc_all(void *block, size_t size, size_t usable, ss_trailer_kind kind, uint32_t draw);
bool ss_free_all(void *block, unsigned bin, uint64_t word, void **top);

/* Level 2: reports what is certainly wrong beside a live block of `bin`. With the thread outside. */
void ss_report_beside(const void *block, unsigned bin);
/* Hardened: the same of a realloc, with the thread outside. */
void ss_resize_broken(const void *block);

/* Hardened: whether a block that is not in the first headed space, or any block of a closed thread, may be freed by that kind
 * of function. If not, reports it. What is no live block is admitted: the free itself reports it. */
bool ss_free_admits(void *block, ss_trailer_kind kind, size_t asked);
/* Hardened: whether an aligned or a large block may be resized; if not, reports it. Reads the seal, and takes the note of a
 * large block: the caller puts it back, or writes a new one. */
bool ss_resize_admits(const void *block, ss_seal *seal);

/* Serves a request that no bin could. Called with the thread inside if its bin is empty, and with the thread outside if
 * no bin has the size or the thread is closed. */
typedef void *ss_cold_malloc(size_t size);

/* Hardened: the outlet of `bin` is empty: serves a request from the bin, or by `cold`. The thread is inside. */
void *ss_malloc_exchange(size_t size, unsigned bin, ss_cold_malloc *cold, ss_trailer_kind kind);

/* Hardened: false if the block is live, but its trailer is broken, or says another kind or size. */
bool ss_free_is_right(const void *block, ss_trailer_kind kind, size_t asked);

#endif
