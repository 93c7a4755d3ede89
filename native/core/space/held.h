/* Held spans, which are neither free nor in use; the charge for SUPERSLAB_LIMIT; moved granules. Functions are called
 * with the space's lock held, unless their comment says otherwise. */
#ifndef SS_HELD_H
#define SS_HELD_H

#include "space/runs.h"

/* ---- held spans ---- */

/* Under a space's lock the registry agrees with the runs: a granule is in a free run, or in a span whose first granule
 * has an entry. A span that is neither free nor in use is held: its entry is its number of granules, and its node names
 * the thread that holds it. So the child of a fork finds the spans that other threads were about to use or to free.
 * Called by the thread that has the span, or that has the lock and takes the span from a run. */
void ss_span_hold(ss_space *space, uint32_t first, uint32_t count);
/* Called after the caller has set the entry of a span that is now in use, or is being freed. */
static inline void ss_span_unhold(ss_space *space) {
    ss_lock_step();
    /* Relaxed: only tells a child whether to search for held spans. Invariant: held >= number of held entries. */
    atomic_fetch_sub_explicit(&space->held, 1, memory_order_relaxed);
}

/* Holds a span for no thread: its memory is to go back to the system, and any thread may purge it. */
void ss_span_hold_going(ss_space *space, uint32_t first, uint32_t count);

/* Holds a span for ever, because its addresses have a foreign mapping now. */
void ss_span_abandon(ss_space *space, uint32_t first, uint32_t count);

/* In the child of a fork: whether the held span that begins there was held by a thread that is gone, or for none
 * (ss_span_hold_going). */
bool ss_span_is_lost(const ss_space *space, uint32_t first);

/* ---- the limit ----
 * Granules are charged while they are used or dirty: from the moment they are taken clean until they are purged. They
 * are counted only if there is a limit. */

/* Whether `count` more granules would exceed SUPERSLAB_LIMIT. May be called without the lock. */
bool ss_span_would_exceed(const ss_space *space, uint32_t count);

/* Charges the clean ones of some free granules; false if that would exceed the limit. */
bool ss_span_charge(const ss_space *space, uint32_t first, uint32_t count);

/* Ends the charge of granules that are clean now. */
void ss_span_discharge(const ss_space *space, uint32_t count);

/* ---- page moves ---- */

/* Notes that pages were moved into a span: it is a mapping of its own until it is purged. Called without the lock. */
void ss_span_moved(ss_space *space, uint32_t to, uint32_t count);

/* Whether pages were moved into the span; removes the note. */
bool ss_span_forget_moved(ss_space *space, uint32_t first, uint32_t count);

#endif
