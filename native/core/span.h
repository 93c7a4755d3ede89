/* Spans: runs of granules. All under the space's one short lock, which no system call is made with. */
#ifndef SS_SPAN_H
#define SS_SPAN_H

#include "runs.h"

/* Takes `count` granules in a row, growing the space if need be: the first granule, or SS_NO_SPAN. Its
 * address is a multiple of `align` granules, a power of two. *zero says whether all of them are known to
 * read as zero; `zero` may be NULL. */
uint32_t ss_span_take(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* The same without growing, with the space's lock held. */
uint32_t ss_span_take_locked(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Gives granules back as dirty, or as clean if nobody wrote to them. What is dirty beyond the bound is
 * purged. */
void ss_span_release(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* The same with the lock held; true if more is dirty than the bound allows. */
bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* Purges dirty spans while more is dirty than the bound allows; without the lock. */
void ss_span_settle(ss_space *space);

/* Takes the `count` granules from `first` on if all of them are free. */
bool ss_span_extend(ss_space *space, uint32_t first, uint32_t count);

/* Notes that pages were moved into a span: it is a mapping of its own until it is purged. */
void ss_span_moved(ss_space *space, uint32_t to, uint32_t count);

/* Whether so many more granules would be too many for SUPERSLAB_LIMIT. */
bool ss_span_would_exceed(const ss_space *space, uint32_t count);

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

/* One tick of the scavenger: purges the dirty spans that were freed SS_DECAY_TICKS ago or earlier. The bytes
 * that are dirty after it, 0 if the system refuses to purge. */
size_t ss_span_tick(ss_space *space, uint32_t tick);

size_t ss_span_dirty_bytes(ss_space *space);

/* Purges dirty spans, the highest first, until at most `keep` granules are dirty; bytes given back. */
size_t ss_span_purge(ss_space *space, size_t keep);

#endif
