/* Spans: runs of granules. All under the space's one short lock, which no system call is made with. */
#ifndef SS_SPAN_H
#define SS_SPAN_H

#include "dirty.h"
#include "runs.h"

/* Under a space's lock the registry agrees with the runs: a granule is in a free run, or in a span whose first granule
 * has an entry. A span that is neither free nor in use is held: its entry says of how many granules it is, and its
 * node which thread has it. So the child of a fork, which has one of the threads, finds what the others were about
 * to use or to free. By who has the span, or the lock on the run that it is taken from. */
void ss_span_hold(ss_space *space, uint32_t first, uint32_t count);
/* After the caller has set the entry of a span that is in use now, or is being freed. */
static inline void ss_span_unhold(ss_space *space) {
    ss_lock_step();
    /* Relaxed: says whether it is worth looking for any. There are never fewer than entries say. */
    atomic_fetch_sub_explicit(&space->held, 1, memory_order_relaxed);
}

/* Held by no thread: memory on its way back to the system, by whichever thread has the time. Under the lock. */
void ss_span_hold_going(ss_space *space, uint32_t first, uint32_t count);

/* The addresses belong to somebody else now: held by nobody, for ever. */
void ss_span_abandon(ss_space *space, uint32_t first, uint32_t count);

/* In a child whose thread has not the space's lock: frees what threads that are gone held, and makes the free runs
 * anew if one of them was in the middle of a change. */
void ss_span_inherit(ss_space *space, bool torn);

/* Takes `count` granules in a row as a large block, growing the space if need be: the first granule, or SS_NO_SPAN. Its
 * address is a multiple of `align` granules, a power of two. *zero says whether all of them are known to
 * read as zero; `zero` may be NULL. */
uint32_t ss_span_take(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* The same without growing, with the space's lock held; the caller sets the entry before it releases it. */
uint32_t ss_span_take_locked(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Gives granules back as dirty, or as clean if nobody wrote to them, with the lock held; the caller has set the entry.
 * True if ss_span_settle is to be called without it. */
bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* Makes a large block of `old` granules one of `count`, which are more, if those behind it are free. */
bool ss_span_extend(ss_space *space, uint32_t first, uint32_t old, uint32_t count);

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

/* ---- with the lock held, for dirty.c ---- */

/* Granules are no longer charged for. */
void ss_span_discharge(const ss_space *space, uint32_t count);

/* Whether a page move touched the span; notes that it no longer matters. */
bool ss_span_forget_moved(ss_space *space, uint32_t first, uint32_t count);

#endif
