#include "space/held.h"

#include "space/registry.h"

/* ---- held spans ---- */

/* Holders that are no thread's token. NO_THREAD: see ss_span_abandon. GOING: see ss_span_hold_going. */
#define NO_THREAD ((uintptr_t)1)
#define GOING ((uintptr_t)2)

static void hold(ss_space *space, uint32_t first, uint32_t count, uintptr_t holder) {
    ss_granule *node = &space->granules[first];
    node->prev = (uint32_t)holder;
    node->next = (uint32_t)(holder >> 32);
    atomic_fetch_add_explicit(&space->held, 1, memory_order_relaxed);
    ss_entry_set(space, first, SS_ENTRY_NONE, count);
}

void ss_span_hold(ss_space *space, uint32_t first, uint32_t count) {
    hold(space, first, count, ss_os_thread_token());
}

void ss_span_abandon(ss_space *space, uint32_t first, uint32_t count) {
    hold(space, first, count, NO_THREAD);
}

void ss_span_hold_going(ss_space *space, uint32_t first, uint32_t count) {
    hold(space, first, count, GOING);
}

bool ss_span_is_lost(const ss_space *space, uint32_t first) {
    const ss_granule *node = &space->granules[first];
    const uintptr_t holder = (uintptr_t)node->next << 32 | node->prev;
    return holder != NO_THREAD && holder != ss_os_thread_token();
}

/* ---- the limit ---- */

static bool is_limited(const ss_space *space) {
    return SS_UNLIKELY(ss_process_is_limited()) && space->kind != SS_SPACE_EXTERNAL;
}

bool ss_span_would_exceed(const ss_space *space, uint32_t count) {
    /* Relaxed: the limit is exact for one thread and approximate for several. */
    return is_limited(space) &&
           atomic_load_explicit(&ss_registry->charged_bytes, memory_order_relaxed) +
                   ss_counted_metadata() + ((size_t)count << SS_GRANULE_SHIFT) >
               ss_process_limit();
}

bool ss_span_charge(const ss_space *space, uint32_t first, uint32_t count) {
    if (!is_limited(space))
        return true;
    uint32_t clean = count - ss_run_dirty(space, first, count);
    if (ss_span_would_exceed(space, clean))
        return false;
    atomic_fetch_add_explicit(&ss_registry->charged_bytes, (size_t)clean << SS_GRANULE_SHIFT,
                              memory_order_relaxed);
    return true;
}

void ss_span_discharge(const ss_space *space, uint32_t count) {
    if (is_limited(space))
        atomic_fetch_sub_explicit(&ss_registry->charged_bytes, (size_t)count << SS_GRANULE_SHIFT,
                                  memory_order_relaxed);
}

/* ---- page moves ---- */

void ss_span_moved(ss_space *space, uint32_t to, uint32_t count) {
    ss_biased_take(&space->lock);
    for (uint32_t at = to, step; at < to + count; at += step) {
        uint32_t mask = ss_superslab_mask(at, to + count, &step);
        uint32_t *moved = ss_mask_of(space, at, SS_MASK_MOVED);
        if (*moved == 0)
            atomic_fetch_add_explicit(&ss_registry->moved_superslabs, 1, memory_order_relaxed);
        *moved |= mask;
    }
    ss_biased_release(&space->lock);
}

bool ss_span_forget_moved(ss_space *space, uint32_t first, uint32_t count) {
    bool any = false;
    for (uint32_t at = first, step; at < first + count; at += step) {
        uint32_t mask = ss_superslab_mask(at, first + count, &step);
        uint32_t *moved = ss_mask_of(space, at, SS_MASK_MOVED);
        if ((*moved & mask) == 0)
            continue;
        any = true;
        *moved &= ~mask;
        if (*moved == 0)
            atomic_fetch_sub_explicit(&ss_registry->moved_superslabs, 1, memory_order_relaxed);
    }
    return any;
}
