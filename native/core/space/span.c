#include "space/span.h"

#include "base/signal.h"
#include "space/figures.h"
#include "space/gap.h"
#include "space/held.h"
#include "space/huge.h"
#include "space/registry.h"
#include "space/space_checks.h"

/* Called with the lock held. A thread may still have an older end as its bound. With a lower one, blocks beyond it take
 * the cold path. With a higher one, the hot free may read a byte that is no longer committed, but only for a pointer
 * that is not a block. */
static void end_set(ss_space *space, uint32_t granules) {
    space->granule_count = granules;
    if (space->base == atomic_load_explicit(&ss_headed_base, memory_order_relaxed))
        atomic_store_explicit(&ss_headed_end, granules != 0 ? granules : 1, memory_order_relaxed);
}

/* ---- in a child ---- */

/* Clears the entries of all granules, because the span may be a slab that was being made or ended. */
static void lost_clear(ss_space *space, uint32_t first, uint32_t count) {
    for (uint32_t at = first; at < first + count; at++) {
        ss_entry_set(space, at, SS_ENTRY_NONE, 0);
        ss_headed_bin_set(space, at, 0);
    }
}

/* What begins at a granule, in the child of a fork whose thread does not hold the lock. LOST: a span that a thread that
 * is gone held, or that was on its way back to the system. */
typedef struct found_span {
    uint32_t count;
    enum { FREE, USED, HELD, LOST } what;
} found_span;

static found_span span_at(ss_space *space, uint32_t at, ss_slab_length *slab_length) {
    uint32_t entry = ss_entry_get(space, at), value = entry & SS_ENTRY_VALUE;
    found_span found = {1, FREE};
    switch (ss_entry_kind_of(entry)) {
    case SS_ENTRY_SLAB:
        found = (found_span){slab_length(space, at, value), USED};
        break;
    case SS_ENTRY_LARGE:
    case SS_ENTRY_CACHED:
        if (value != 0)
            found = (found_span){value, USED};
        break;
    case SS_ENTRY_NONE:
        if (value != 0)
            found = (found_span){value, ss_span_is_lost(space, at) ? LOST : HELD};
        break;
    }
    /* A gap has no entry: it has none or that of a large block that began there and is gone. */
    if (SS_HARDENED && found.what == FREE && ss_gap_is(space, at))
        found.what = USED;
    return found;
}

static void spans_inherit(ss_space *space, bool torn, ss_slab_length *slab_length) {
    const uint32_t end = space->granule_count;
    uint32_t lost = 0, used = 0, first_free = 0;
    if (!torn && atomic_load_explicit(&space->held, memory_order_relaxed) == 0)
        return;
    if (torn)
        ss_runs_forget(space);
    ss_dirty_forget(space);
    for (uint32_t at = 0; at <= end;) {
        found_span found = at == end ? (found_span){1, USED} : span_at(space, at, slab_length);
        const bool taken = found.what == USED || found.what == HELD;
        lost += found.what == LOST;
        if (found.what == LOST) {
            lost_clear(space, at, found.count);
            if (SS_HARDENED && torn)
                ss_gap_forget(space, at + found.count);
            else if (SS_HARDENED)
                ss_gap_end(space, at + found.count);
            if (!torn)
                ss_run_join(space, at, found.count, SS_RUN_DIRTY);
        }
        if (taken) {
            if (torn && at != first_free) /* dirty: its pages may hold memory */
                ss_run_join(space, first_free, at - first_free, SS_RUN_DIRTY);
            used += at == end ? 0 : found.count;
            if (SS_HARDENED && ss_gap_is(space, at))
                used--;
            first_free = at + found.count;
        }
        at += found.count;
    }
    space->used_granules = used;
    /* The rest are this thread's spans, or one that another thread had still to subtract: then the next child searches
     * in vain. */
    atomic_fetch_sub_explicit(&space->held, lost, memory_order_relaxed);
    end_set(space, end);
}

SS_COLD void ss_span_inherit(ss_space *space, const ss_biased_owner *mine,
                             ss_slab_length *slab_length) {
    ss_biased_state state = ss_biased_inherit(&space->lock, mine);
    /* What lies beyond the end is committed or not, and reads as zero once it is committed. The thread that was
     * decommitting it is gone, so the mark is cleared, even if this thread holds the lock. */
    if (space->shrinking != ss_os_thread_token())
        space->shrinking = 0;
    atomic_store_explicit(&space->aged, false, memory_order_relaxed);
    if (state != SS_BIASED_MINE)
        spans_inherit(space, state == SS_BIASED_TORN, slab_length);
}

/* ---- the interface, with the lock held ---- */

uint32_t ss_span_take_locked(ss_space *space, uint32_t count, uint32_t align, bool *zero) {
    SS_CHECK(ss_check_held(&space->lock));
    uint32_t run = ss_run_find(space, count + align - 1);
    if (run == SS_NO_SPAN)
        return SS_NO_SPAN;
    uint32_t base = (uint32_t)(space->base >> SS_GRANULE_SHIFT);
    uint32_t first = run + (-(base + run) & (align - 1));
    if (SS_UNLIKELY(ss_huge_is_filled(space, first)) && count > SS_HUGE_MOST_GRANULES)
        ss_huge_pass(space, count, &run, &first);
    if (!ss_span_charge(space, first, count))
        return SS_NO_SPAN;
    uint32_t dirty = ss_run_take(space, run, first, count);
    space->used_granules += count;
    ss_figures_count(space);
    if (zero != NULL)
        *zero = dirty == 0 && space->kind != SS_SPACE_EXTERNAL;
    return first;
}

bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind) {
    SS_CHECK(ss_check_held(&space->lock));
    ss_dirty_note_peak(space);
    space->used_granules -= count;
    ss_figures_count(space);
    if (SS_UNLIKELY(kind == SS_RUN_DIRTY && count >= SS_RETURN_MIN_BYTES >> SS_GRANULE_SHIFT &&
                    ss_dirty_return(space, first, count)))
        return true;
    ss_run_join(space, first, count, kind);
    if (kind == SS_RUN_CLEAN)
        ss_span_discharge(space, count);
    return ss_dirty_exceeds(space);
}

/* ---- the interface ---- */

bool ss_span_extend(ss_space *space, uint32_t first, uint32_t old, uint32_t count) {
    const uint32_t end = first + old, more = count - old;
    const uint32_t large = (uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT;
    ss_biased_take(&space->lock);
    /* If the block has been freed since, `end` may be the last granule of its run, whose node says how long that is. */
    bool fits = ss_entry_get(space, first) == (large | old) && ss_run_length(space, end) >= more &&
                ss_span_charge(space, end, more);
    bool over = false;
    if (fits) {
        ss_run_take(space, end, end, more);
        space->used_granules += more;
        /* An exchange, because another thread may free the block into its large cache, without the lock: the caller then
         * resizes a block that it no longer has. */
        fits = ss_entry_change(space, first, large | old, large | count);
        if (SS_UNLIKELY(!fits))
            over = ss_span_release_locked(space, end, more, SS_RUN_DIRTY);
    }
    ss_biased_release(&space->lock);
    if (over)
        ss_span_settle(space);
    return fits;
}

bool ss_span_add(ss_space *space, ss_span_end_at end, uint32_t count) {
    uint32_t first = end.granule;
    ss_biased_take(&space->lock);
    if (space->granule_count == first && space->shrinks == end.shrinks && count != 0) {
        end_set(space, first + count);
        ss_run_join(space, first, count, SS_RUN_CLEAN);
        if (space->kind != SS_SPACE_EXTERNAL)
            atomic_fetch_add_explicit(&ss_registry->committed_bytes[space->kind],
                                      (size_t)count << SS_GRANULE_SHIFT, memory_order_relaxed);
    }
    ss_biased_release(&space->lock);
    ss_signal_grown((size_t)count << SS_GRANULE_SHIFT);
    return true;
}

ss_span_end_at ss_span_end(ss_space *space) {
    for (unsigned spins = 0;; spins++) {
        ss_biased_take(&space->lock);
        bool shrinking = space->shrinking != 0;
        ss_span_end_at end = {space->granule_count, space->shrinks};
        ss_biased_release(&space->lock);
        if (!shrinking)
            return end;
        ss_lock_wait(spins);
    }
}

SS_COLD bool ss_span_shrink(ss_space *space) {
    ss_biased_take(&space->lock);
    uint32_t end = space->granule_count, length = end == 0 ? 0 : ss_run_length(space, end - 1);
    uint32_t run = end - length, clean = length;
    if (length != 0 && space->granules[run].dirty != 0) {
        ss_run_highest(space, 1);
        clean = end - space->dirty_end;
    }
    uint32_t count = clean & ~(SS_SUPERSLAB_GRANULES - 1); /* whole SuperSlabs */
    if (count == 0 || space->shrinking != 0 || ss_space_is_read(space)) {
        ss_biased_release(&space->lock);
        return false;
    }
    end_set(space, end - count);
    ss_run_take(space, run, end - count, count);
    space->shrinks++;
    space->shrinking = ss_os_thread_token();
    if (SS_HARDENED)
        ss_gap_closed(space, end - count, count);
    ss_biased_release(&space->lock);
    size_t bytes = (size_t)count << SS_GRANULE_SHIFT;
    ss_os_decommit(ss_space_address(space, end - count), bytes);
    atomic_fetch_sub_explicit(&ss_registry->committed_bytes[space->kind], bytes,
                              memory_order_relaxed);
    ss_biased_take(&space->lock);
    space->shrinking = 0;
    ss_biased_release(&space->lock);
    return true;
}
