#include "window/windows.h"

#include "background/stats.h"

SS_SPARSE ss_api_claim ss_api_claims[SS_API_CLAIM_COUNT];

/* Adds the blocks in magazines. Called with the lock held. */
static void add_cached(const ss_window *window, uint64_t *blocks, uint64_t *bytes) {
    for (const ss_holder *holder = window->holders; holder != NULL; holder = holder->next)
        for (unsigned bin = 0; bin < SS_LIVE_CLASSES; bin++) {
            const _Atomic uint32_t *magazine =
                (const _Atomic uint32_t *)(holder->magazines + (size_t)bin * SS_MAGAZINE_WORDS);
            /* Relaxed: exact when its thread is at rest. */
            const uint64_t count = atomic_load_explicit(magazine, memory_order_relaxed);
            *blocks += count;
            *bytes += count * ss_bin_stride(bin);
        }
}

static void windows_add_cached(superslab_stats *out) {
    ss_lock_take(&ss_windows->lock);
    for (const ss_window *window = ss_windows->all; window != NULL; window = window->next)
        add_cached(window, &out->cached_blocks, &out->cached_bytes);
    ss_lock_release(&ss_windows->lock);
}

static void windows_visit(ss_space_visit *visit, void *context) {
    ss_lock_take(&ss_windows->lock);
    for (ss_window *window = ss_windows->all; window != NULL; window = window->next) {
        if (window->busy)
            continue;
        window->visitors++; /* keeps it on the list */
        ss_lock_release(&ss_windows->lock);
        visit(window->space, context);
        ss_lock_take(&ss_windows->lock);
        ss_window_release_locked(window);
    }
    ss_lock_release(&ss_windows->lock);
}

static void windows_inherit(void) {
    ss_lock_inherit(&ss_windows->lock);
    for (unsigned i = 0; i < SS_API_CLAIM_COUNT; i++)
        /* A claim that this thread holds will be given back again, which does no harm: no other thread can take it
         * before. */
        __atomic_store_n(&ss_api_claims[i].taken, 0, __ATOMIC_RELAXED);
    ss_window **at = &ss_windows->all;
    while (*at != NULL) {
        ss_window *window = *at;
        window->visitors = 0;
        if (window->busy != 0 && window->busy != ss_os_thread_token()) {
            *at = window->next; /* its record is lost: the lock of metadata may be held */
            ss_space_forget(window->base);
        } else {
            at = &window->next;
        }
    }
}

static bool windows_is_mine(void) {
    return ss_lock_is_mine(&ss_windows->lock);
}

const ss_source ss_window_source = {windows_visit, windows_add_cached, windows_inherit,
                                    windows_is_mine};

/* ---- statistics ---- */

static void stats_add(ss_window *window, ss_api_window_stats *out) {
    superslab_stats all = {0};
    ss_stats_add_space(window->space, &all);
    out->windows++;
    out->window_bytes += ss_space_usable_bytes(window->space);
    out->limit_bytes += window->limit;
    out->contained += atomic_load_explicit(&window->contained, memory_order_relaxed);
    ss_lock_take(&ss_windows->lock);
    uint64_t blocks = 0, bytes = 0;
    add_cached(window, &blocks, &bytes);
    for (const ss_holder *holder = window->holders; holder != NULL; holder = holder->next)
        out->holders++;
    ss_lock_release(&ss_windows->lock);
    out->live_blocks += all.live_blocks - (blocks < all.live_blocks ? blocks : all.live_blocks);
    out->live_bytes += all.live_bytes - (bytes < all.live_bytes ? bytes : all.live_bytes);
    out->cached_blocks += blocks;
    out->cached_bytes += bytes;
}

void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out) {
    *out = (ss_api_window_stats){0};
    if (holder != NULL) {
        stats_add(holder->window, out);
        return;
    }
    ss_lock_take(&ss_windows->lock);
    for (ss_window *window = ss_windows->all; window != NULL; window = window->next) {
        if (window->busy)
            continue;
        window->visitors++;
        ss_lock_release(&ss_windows->lock);
        stats_add(window, out);
        ss_lock_take(&ss_windows->lock);
        ss_window_release_locked(window);
    }
    ss_lock_release(&ss_windows->lock);
}
