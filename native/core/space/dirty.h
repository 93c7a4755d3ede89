/* Dirty memory: the bound on it, and its way back to the system.
 *
 * A call of the API that releases beyond the bound gives back in steps, for a bounded time, whatever other
 * threads have freed; the rest is left to the scavenger, which is woken for it, or to the calls that follow.
 * The bound hangs on a recent peak, which sinks with time: in the scavenger's ticks, after the tick has given
 * back what the lower bound no longer allows. So a thread that releases pays for no other's decay.
 *
 * A span of SS_RETURN_MIN_BYTES or more is never dirty: from its release on until its pages are given back
 * no thread can have it. These spans are held (ss_span_hold_going) and linked through `dirty` of their first
 * granules' nodes. They count neither as used nor as dirty. The child of a fork has them as dirty ones. */
#ifndef SS_DIRTY_H
#define SS_DIRTY_H

#include "base/signal.h"
#include "space/space.h"

/* ---- with the lock held ---- */

void ss_dirty_new_peak(ss_space *space);

/* Before a release: the peak is that of what is used then. */
static inline void ss_dirty_note_peak(ss_space *space) {
    if (SS_UNLIKELY(space->used_granules > space->peak_now))
        ss_dirty_new_peak(space);
}

/* Keeps a large span that was released, for ss_span_settle. False if its memory is not ours to give. */
bool ss_dirty_return(ss_space *space, uint32_t first, uint32_t count);

/* In the child of a fork: no span is about to go back. */
void ss_dirty_forget(ss_space *space);

bool ss_dirty_exceeds_slow(ss_space *space);

/* After a release: whether the thread must call ss_span_settle. */
static inline bool ss_dirty_exceeds(ss_space *space) {
    if (SS_LIKELY(space->dirty_granules < SS_SCAVENGER_START_BYTES >> SS_GRANULE_SHIFT &&
                  space->returning == 0 &&
                  !atomic_load_explicit(&ss_signals->at_once, memory_order_relaxed)))
        return false;
    return ss_dirty_exceeds_slow(space);
}

/* ---- without it ---- */

/* Gives back what is dirty beyond the bound, and large spans that were released, for a bounded time. */
void ss_span_settle(ss_space *space);

/* The same until nothing of that is left: the scavenger's. */
void ss_span_relieve(ss_space *space);

/* One tick of the scavenger: purges the dirty spans that were freed SS_DECAY_TICKS ago or earlier. The bytes
 * that are dirty after it, 0 if the system refuses to purge. */
size_t ss_span_tick(ss_space *space, uint32_t tick);

/* Those of large spans that were released and not given back yet included. */
size_t ss_span_dirty_bytes(ss_space *space);

/* Purges large spans that were released, and dirty spans, the highest first, until at most `keep` granules are
 * dirty; bytes given back. */
size_t ss_span_purge(ss_space *space, size_t keep);

/* Waits for what the scavenger is giving back, 50 ms at most. */
void ss_span_await(ss_space *space);

#endif
