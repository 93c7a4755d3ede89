/* Spans: runs of granules. All under the space's one short lock, which no system call is made with. */
#ifndef SS_SPAN_H
#define SS_SPAN_H

#include "space/dirty.h"
#include "space/runs.h"

/* The number of granules of the slab whose entry at a granule has this value; 1 if the record is another slab's by now:
 * slabs are of a higher layer. */
typedef uint32_t ss_slab_length(const ss_space *space, uint32_t granule, uint32_t value);

/* In a child, whose thread has the heap `own`, or none: mends what the other threads were in the middle of. If the
 * thread has not the space's lock, what threads that are gone held is freed, and the free runs are made anew if one of
 * them was in the middle of a change. */
void ss_span_inherit(ss_space *space, const ss_biased_owner *own, ss_slab_length *slab_length);

/* Takes `count` granules in a row, with the space's lock held: the first granule, or SS_NO_SPAN. Its address is a
 * multiple of `align` granules, a power of two. *zero says whether all of them are known to read as zero; `zero` may be
 * NULL. The caller sets the entry before it releases the lock. */
uint32_t ss_span_take_locked(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Gives granules back as dirty, or as clean if nobody wrote to them, with the lock held; the caller has set the entry.
 * True if ss_span_settle is to be called without it. */
bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* Makes a large block of `old` granules one of `count`, which are more, if those behind it are free. */
bool ss_span_extend(ss_space *space, uint32_t first, uint32_t old, uint32_t count);

/* Where the space's usable granules end. */
typedef struct ss_span_end_at {
    uint32_t granule, shrinks;
} ss_span_end_at;

ss_span_end_at ss_span_end(ss_space *space);

/* Takes the clean run at the space's end, if there is one, away from what is usable, and returns its
 * addresses to the state they had before they were committed. */
bool ss_span_shrink(ss_space *space);

/* Makes the granules usable that follow an end and are committed. True even if it is the end no more:
 * the caller looks again. */
bool ss_span_add(ss_space *space, ss_span_end_at end, uint32_t count);

#endif
