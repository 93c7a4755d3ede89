#include "guard/due.h"

#include "guard/places.h"

ss_guard_data ss_guard_state;

bool ss_guard_begin(uint32_t rate) {
    if (rate == 0 || !ss_places_begin())
        return false;
    ss_guard->rate = rate < SS_GUARD_RATE_MOST ? rate : SS_GUARD_RATE_MOST;
    atomic_store_explicit(&ss_guard->due, SS_DUE_YES, memory_order_relaxed);
    return true;
}

uint64_t ss_guard_grant(uint64_t now) {
    uint32_t due = atomic_load_explicit(&ss_guard->due, memory_order_acquire);
    if (due != SS_DUE_NO)
        return 0;
    /* Relaxed: it was written before the release of the `due` that was acquired. */
    const uint64_t next = atomic_load_explicit(&ss_guard->next, memory_order_relaxed);
    if (now < next)
        return next - now;
    /* Relaxed: the sample is all that it tells. */
    atomic_compare_exchange_strong_explicit(&ss_guard->due, &due, SS_DUE_YES, memory_order_relaxed,
                                            memory_order_relaxed);
    return 0;
}

bool ss_guard_claim(uint64_t now) {
    uint32_t due = SS_DUE_YES;
    if (!atomic_compare_exchange_strong_explicit(&ss_guard->due, &due, SS_DUE_CLAIMED,
                                                 memory_order_relaxed, memory_order_relaxed))
        return false;
    /* Never less than the interval, so that there are at most `rate` in any second, and up to a quarter more at random,
     * so that they do not follow a period of the program. */
    const uint64_t interval = UINT64_C(1000000000) / ss_guard->rate;
    const uint64_t more = (interval / 4 * (ss_places_random() >> 16)) >> 16;
    atomic_store_explicit(&ss_guard->next, now + interval + more, memory_order_relaxed);
    /* Release: a thread that finds that none is due sees when the next one may be. */
    atomic_store_explicit(&ss_guard->due, SS_DUE_NO, memory_order_release);
    return true;
}

uint16_t ss_guard_calls(void) {
    const uint32_t random = ss_places_random(), bits = random % SS_GUARD_CALLS_BITS;
    return (uint16_t)((1u << bits) + (random >> 16 & ((1u << bits) - 1)));
}

void ss_guard_count(void) {
    atomic_fetch_add_explicit(&ss_guard->samples, 1, memory_order_relaxed);
}

void ss_guard_inherit(void) {
    if (!ss_guard_is_on())
        return;
    ss_places_inherit();
    /* Relaxed: the child has one thread. */
    atomic_store_explicit(&ss_guard->due, SS_DUE_YES, memory_order_relaxed);
}
