#include "base/signal.h"

ss_signals_data ss_signals_state;

void ss_signal_wake(void) {
    atomic_fetch_add_explicit(&ss_signals->wakes, 1, memory_order_relaxed);
    ss_os_wake(&ss_signals->wakes);
}

void ss_signal_want_slow(void) {
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    if (state != SS_SCAVENGER_NONE && state != SS_SCAVENGER_REFUSED)
        return;
    if (state == SS_SCAVENGER_REFUSED &&
        (atomic_fetch_add_explicit(&ss_signals->wants, 1, memory_order_relaxed) + 1) %
                SS_SCAVENGER_RETRY_WANTS !=
            0)
        return;
    if (atomic_compare_exchange_strong_explicit(&ss_signals->scavenger, &state, SS_SCAVENGER_WANTED,
                                                memory_order_relaxed, memory_order_relaxed))
        /* Release: pairs with the acquire in ss_attend_slow: a thread that clears the bit sees the state WANTED. */
        atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_SCAVENGER,
                                 memory_order_release);
}

void ss_signal_hurry(void) {
    /* Relaxed: what there is to give back is found under the spaces' locks. */
    const bool before = atomic_exchange_explicit(&ss_signals->hurry, true, memory_order_relaxed);
    /* Pairs with the fence in `ended` (scavenger.c): the scavenger sees `hurry`, or this thread sees that it ended. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_signal_want(SS_SCAVENGER_START_BYTES);
    if (!before && !ss_process_is_inline())
        ss_signal_wake();
}

void ss_signal_grown(size_t bytes) {
    size_t step = atomic_load_explicit(&ss_signals->grown_step, memory_order_relaxed);
    if (SS_LIKELY(step == SIZE_MAX))
        return;
    if (atomic_fetch_add_explicit(&ss_signals->grown_bytes, bytes, memory_order_relaxed) < step)
        return;
    atomic_store_explicit(&ss_signals->grown_bytes, 0, memory_order_relaxed);
    ss_signal_wake();
}

SS_COLD void ss_signal_freed(size_t bytes) {
    /* Release: pairs with the acquire in slabs_tick: the scavenger that takes the number finds what was freed. */
    bytes += atomic_fetch_add_explicit(&ss_signals->freed_bytes, bytes, memory_order_release);
    /* Pairs with the fence in `ended`: a scavenger that is about to end sees `freed_bytes`, or this thread sees that it
     * has ended. It also releases the flush that is about to end: a thread that sees the count of flushes_end (park.c)
     * sees what the flush did. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_signal_want(bytes + atomic_load_explicit(&ss_signals->bins_bytes, memory_order_relaxed));
}

void ss_signal_publish_late(void) {
    /* Relaxed: the caller holds a space's lock, which the statistics take, and which `is_wanted` of scavenger.c takes
     * before it loads this. So a scavenger that is about to end sees this, or this thread sees that it has ended. */
    atomic_store_explicit(&ss_signals->publish_late, true, memory_order_relaxed);
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}
