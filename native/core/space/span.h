/* Spans: runs of granules handed out together. The space's lock guards them; no system call is made under it. */
#ifndef SS_SPAN_H
#define SS_SPAN_H

#include "space/dirty.h"
#include "space/runs.h"

/* The number of granules of the slab whose entry at a granule has this value, or 1 if the record is another slab's by
 * now. The function is passed in, because slabs belong to a higher layer. */
typedef uint32_t ss_slab_length(const ss_space *space, uint32_t granule, uint32_t value);

/* In the child of a fork, whose thread has the heap `mine` or none: mends the space. Unless the child's thread holds
 * the space's lock, frees the spans that threads that are gone held, and rebuilds the free runs if one of those threads
 * was in the middle of a change. */
void ss_span_inherit(ss_space *space, const ss_biased_owner *mine, ss_slab_length *slab_length);

/* Takes `count` granules in a row and returns the first, or SS_NO_SPAN. Its address is a multiple of `align` granules,
 * a power of two. *zero says whether all granules are known to read as zero; `zero` may be NULL. Called with the
 * space's lock held; the caller sets the entry before it releases the lock. */
uint32_t ss_span_take_locked(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Frees granules as dirty ones, or as clean ones if they read as zero. Called with the lock held, after the caller has
 * set the entry. True if the caller must call ss_span_settle after it has released the lock. */
bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* Extends a large block from `old` to `count` granules, if those after it are free; else returns false. */
bool ss_span_extend(ss_space *space, uint32_t first, uint32_t old, uint32_t count);

/* The end of the space's usable granules, and the number of times it had come down. */
typedef struct ss_span_end_at {
    uint32_t granule, shrinks;
} ss_span_end_at;

ss_span_end_at ss_span_end(ss_space *space);

/* Decommits the clean SuperSlabs at the space's end. False if there are none, another thread is decommitting, or one
 * looks up an address: it may read a header there. */
bool ss_span_shrink(ss_space *space);

/* Makes the `count` committed granules after `end` usable. If the end has changed, does nothing; the caller searches
 * again in either case, so the result is always true. */
bool ss_span_add(ss_space *space, ss_span_end_at end, uint32_t count);

#endif
