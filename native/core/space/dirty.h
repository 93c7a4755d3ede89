/* Dirty memory: the bound on it, and its way back to the system.
 *
 * A call of the API that releases a span beyond the bound purges in steps, for a bounded time, however much other
 * threads have freed. It wakes the scavenger to do the rest, or leaves the rest to the calls that follow. The bound
 * depends on the recent peak of used memory. The peak sinks in the scavenger's ticks, after the tick has purged what
 * the lower bound no longer allows. So a thread that releases spans does not pay for the decay of another thread's.
 *
 * A span of SS_RETURN_MIN_BYTES or more is never dirty: from its release until it is purged no thread can take it.
 * These spans are held (ss_span_hold_going) and linked through `dirty` of their first granules' nodes. They count
 * neither as used nor as dirty. In the child of a fork they become dirty runs. */
#ifndef SS_DIRTY_H
#define SS_DIRTY_H

#include "base/signal.h"
#include "space/space.h"

/* ---- with the lock held ---- */

void ss_dirty_new_peak(ss_space *space);

/* Called before a release, when used memory may be at a maximum: raises the peak to it if it is lower. */
static inline void ss_dirty_note_peak(ss_space *space) {
    if (SS_UNLIKELY(space->used_granules > space->peak_now))
        ss_dirty_new_peak(space);
}

/* Keeps a large span that was released, for ss_span_settle. False if its memory is the caller's to give back. */
bool ss_dirty_return(ss_space *space, uint32_t first, uint32_t count);

/* In the child of a fork: empties the list of large spans that go back. */
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

/* Purges large spans that were released, and what is dirty beyond the bound, for a bounded time. */
void ss_span_settle(ss_space *space);

/* The same without a bound on the time, for the scavenger. */
void ss_span_relieve(ss_space *space);

/* One tick of the scavenger: purges the dirty runs that were freed SS_DECAY_TICKS ticks ago or earlier. A call of the
 * API that does the tick stops after `until` (ss_os_clock_nanoseconds), and the next tick goes on; SS_NO_END: all is
 * done. Returns the bytes that are dirty afterwards, 0 if the system refuses to purge. */
#define SS_NO_END UINT64_MAX
size_t ss_span_tick(ss_space *space, uint32_t tick, uint64_t until);

/* The dirty bytes of the space, with those of large spans that were released and are not purged yet. */
size_t ss_span_dirty_bytes(ss_space *space);

/* Purges large spans that were released, and then dirty granules, the highest first, until at most `keep` granules are
 * dirty. Returns the bytes given back. */
size_t ss_span_purge(ss_space *space, size_t keep);

/* Waits while the scavenger runs and spans are held, which it may be purging; 50 ms at most. */
void ss_span_await(ss_space *space);

#endif
