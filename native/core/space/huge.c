#include "space/huge.h"

#include "base/signal.h"
#include "space/held.h"
#include "space/registry.h"

/* ---- filling ---- */

/* After a refusal, for want of a free huge page, as many SuperSlabs are filled page by page. */
#define REFUSED_SKIPS 16u

/* The first granule of a clean, whole SuperSlab in the run from which `count` granules would be taken, or SS_NO_SPAN. */
static uint32_t find_whole(const ss_space *space, uint32_t count, uint32_t *run) {
    *run = ss_run_find(space, count);
    if (*run == SS_NO_SPAN || space->granules[*run].dirty != 0)
        return SS_NO_SPAN;
    uint32_t first = (*run + SS_SUPERSLAB_GRANULES - 1) & ~(SS_SUPERSLAB_GRANULES - 1);
    return first + SS_SUPERSLAB_GRANULES <= *run + ss_run_length(space, *run) ? first : SS_NO_SPAN;
}

static size_t granules_least(void) {
    return (SS_HUGE_MIN_BYTES + ss_process_threads() * SS_HUGE_THREAD_BYTES) >> SS_GRANULE_SHIFT;
}

/* Near a container's limit, and where free memory goes back at once, nothing is taken before it is needed. */
static bool may_fill(const ss_space *space, uint32_t count) {
    return space->kind == SS_SPACE_HEADED && count <= SS_HUGE_MOST_GRANULES &&
           space->used_granules >= granules_least() && ss_process_fills_huge() &&
           ss_process_decay() != 0 && !ss_signal_is_at_once();
}

SS_COLD void ss_huge_fill(ss_space *space, uint32_t count) {
    uint32_t run, first;
    if (!may_fill(space, count) || (first = find_whole(space, count, &run)) == SS_NO_SPAN)
        return;
    if (space->huge_skips != 0) {
        space->huge_skips--;
        return;
    }
    if (!ss_span_charge(space, first, SS_SUPERSLAB_GRANULES))
        return;
    ss_run_take(space, run, first, SS_SUPERSLAB_GRANULES);
    space->used_granules += SS_SUPERSLAB_GRANULES;
    ss_span_hold(space, first, SS_SUPERSLAB_GRANULES);
    ss_space_unlock(space);
    const bool filled = ss_os_fill_huge(ss_space_address(space, first), SS_SUPERSLAB_BYTES);
    ss_space_lock(space);
    ss_entry_set(space, first, SS_ENTRY_NONE, 0);
    ss_span_unhold(space);
    space->used_granules -= SS_SUPERSLAB_GRANULES;
    if (filled) {
        space->filled = first / SS_SUPERSLAB_GRANULES + 1;
    } else {
        space->huge_skips = REFUSED_SKIPS;
        ss_span_discharge(space, SS_SUPERSLAB_GRANULES);
    }
    /* Relaxed: a thread that purges a part of the SuperSlab got it under this lock, or from a thread that did. */
    atomic_store_explicit(&space->granules[first].huge, filled, memory_order_relaxed);
    ss_run_join(space, first, SS_SUPERSLAB_GRANULES, filled ? SS_RUN_DIRTY : SS_RUN_CLEAN);
}

SS_COLD void ss_huge_pass(const ss_space *space, uint32_t count, uint32_t *run, uint32_t *first) {
    const uint32_t behind = (*first | (SS_SUPERSLAB_GRANULES - 1)) + 1;
    if (behind + count <= *run + ss_run_length(space, *run)) {
        *first = behind;
        return;
    }
    const uint32_t clean = ss_run_find_clean(space, count);
    if (clean != SS_NO_SPAN)
        *run = *first = clean;
}

/* ---- purging ---- */

bool ss_space_purge(const ss_space *space, void *start, size_t bytes) {
    const size_t from = ss_space_offset(space, (uintptr_t)start), end = from + bytes;
    for (size_t at = from, next; at < end; at = next) {
        next = (at & ~(SS_SUPERSLAB_BYTES - 1)) + SS_SUPERSLAB_BYTES;
        ss_granule *node = &space->granules[(next - SS_SUPERSLAB_BYTES) >> SS_GRANULE_SHIFT];
        const bool whole = at % SS_SUPERSLAB_BYTES == 0 && next <= end;
        /* Relaxed: if two threads purge parts at once, one splits the page, before or after the other's purge. */
        if (!SS_HARDENED && atomic_load_explicit(&node->huge, memory_order_relaxed) != 0 &&
            atomic_exchange_explicit(&node->huge, 0, memory_order_relaxed) != 0 && !whole)
            ss_os_split_huge((void *)ss_space_at(space, at));
    }
    return ss_os_purge(start, bytes);
}
