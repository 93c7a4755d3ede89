/* Spans that are neither free nor in use, and what counts granules: the charge for SUPERSLAB_LIMIT, page moves, the end of
 * the space. All with the space's lock held, but where it says otherwise. */
#ifndef SS_HELD_H
#define SS_HELD_H

#include "space/runs.h"

/* ---- held spans ---- */

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

/* Whether a thread that is gone held the span that begins there, in a child; or it was going. */
bool ss_span_is_lost(const ss_space *space, uint32_t first);

/* ---- the limit ----
 * Granules are charged for while they are used or dirty, that is from the moment they are taken clean
 * until they are purged. Counted only if there is a limit. */

/* Whether `count` more granules would be too many for SUPERSLAB_LIMIT. Without the lock too. */
bool ss_span_would_exceed(const ss_space *space, uint32_t count);

/* Charges for those of some free granules that are clean; false if that would exceed the limit. */
bool ss_span_charge(const ss_space *space, uint32_t first, uint32_t count);

/* Granules are no longer charged for. */
void ss_span_discharge(const ss_space *space, uint32_t count);

/* ---- page moves ---- */

/* Without the lock: notes that pages were moved into a span: it is a mapping of its own until it is purged. */
void ss_span_moved(ss_space *space, uint32_t to, uint32_t count);

/* Whether a page move touched the span; notes that it no longer matters. */
bool ss_span_forget_moved(ss_space *space, uint32_t first, uint32_t count);

#endif
