#include "space/large.h"

#include "space/gap.h"
#include "space/grow.h"
#include "space/held.h"
#include "space/registry.h"

/* Only the first granule of a large block has an entry. The entries of its other granules keep old values:
 * ss_block_find walks back to the first one. */

/* The granules that hold `size` bytes, at least 1. */
static uint32_t granules_of(size_t size) {
    return size == 0 ? 1 : (uint32_t)((size + SS_GRANULE_BYTES - 1) >> SS_GRANULE_SHIFT);
}

void *ss_large_take(size_t size, size_t alignment, bool *zero) {
    if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX || size + alignment > PTRDIFF_MAX ||
        (size + alignment) >> SS_GRANULE_SHIFT >= SS_ENTRY_VALUE)
        return NULL;
    uint32_t count = granules_of(size);
    uint32_t align = alignment > SS_GRANULE_BYTES ? granules_of(alignment) : 1;
    uint32_t spaces = ss_space_internal_count();
    bool room = false; /* some space had addresses left, so a refusal concerned memory */
    for (uint32_t i = 0; i < spaces + !room; i++) {
        ss_space *space;
        if (i < spaces)
            space = ss_space_internal(i);
        else
            space = ss_space_add(SS_SPACE_HEADLESS, size + alignment);
        if (space == NULL || space->kind != SS_SPACE_HEADLESS)
            continue;
        uint32_t first = ss_space_take(space, count, align, zero);
        if (SS_HARDENED && first != SS_NO_SPAN)
            ss_large_note(space, first, (size_t)count << SS_GRANULE_SHIFT, 0);
        if (first != SS_NO_SPAN)
            return ss_space_address(space, first);
        room |= ss_space_has_room(space, count + align - 1);
    }
    return NULL;
}

size_t ss_large_bytes(ss_space *space, uint32_t granule) {
    uint32_t entry = ss_entry_get(space, granule);
    return ss_entry_kind_of(entry) == SS_ENTRY_LARGE
               ? (size_t)(entry & SS_ENTRY_VALUE) << SS_GRANULE_SHIFT
               : 0;
}

/* Called with the lock held. An exchange, because a thread that frees into its large cache does not take the lock: of
 * two threads that free the block at once one succeeds, and the other sees a double free. Relaxed: a thread that reads
 * the entry uses its number alone, and the span is handed on with the lock. */
static bool entry_cut(ss_space *space, uint32_t granule, uint32_t entry, uint32_t kept) {
    return ss_entry_kind_of(entry) == SS_ENTRY_LARGE && (entry & SS_ENTRY_VALUE) > kept &&
           ss_entry_change(space, granule, entry,
                           (uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT | kept);
}

/* Cuts the block down to its first `kept` granules, or ends it. */
static bool large_cut(ss_space *space, uint32_t granule, uint32_t kept, ss_run_kind kind) {
    ss_biased_take(&space->lock);
    uint32_t entry = ss_entry_get(space, granule), count = entry & SS_ENTRY_VALUE;
    bool ours = entry_cut(space, granule, entry, kept), over = false;
    if (SS_HARDENED && ours)
        ss_gap_end(space, granule + count);
    if (ours)
        over = ss_span_release_locked(space, granule + kept, count - kept, kind);
    ss_biased_release(&space->lock);
    if (over)
        ss_span_settle(space);
    return ours;
}

bool ss_large_give(ss_space *space, uint32_t granule) {
    return large_cut(space, granule, 0, SS_RUN_DIRTY);
}

bool ss_large_end_cached(ss_space *space, uint64_t *slot, uint32_t granule) {
    ss_biased_take(&space->lock);
    uint32_t count = ss_entry_get(space, granule) & SS_ENTRY_VALUE;
    if (SS_HARDENED)
        ss_gap_end(space, granule + count);
    ss_entry_set(space, granule, SS_ENTRY_LARGE, 0);
    ss_lock_step();
    *slot = 0;
    ss_lock_step();
    bool over = ss_span_release_locked(space, granule, count, SS_RUN_DIRTY);
    ss_biased_release(&space->lock);
    return over;
}

bool ss_large_has_dirty(size_t size) {
    ss_space *space = ss_space_headless();
    if (size >> SS_GRANULE_SHIFT >= SS_ENTRY_VALUE)
        return true; /* no space can serve such a request */
    ss_biased_take(&space->lock);
    const uint32_t count = granules_of(size);
    /* There is no list for runs longer than the space. */
    const uint32_t run =
        count <= space->granule_count ? ss_run_find_dirty(space, count) : SS_NO_SPAN;
    bool has = run != SS_NO_SPAN && space->granules[run].dirty >= count;
    ss_biased_release(&space->lock);
    return has;
}

/* Hardened: as ss_span_extend. The new granules are held while they are opened, and become the block's by an exchange of its
 * entry: another thread may free it meanwhile, and a span may only be opened by the thread that has it. */
static bool extend_opened(ss_space *space, uint32_t first, uint32_t old, uint32_t count) {
    const uint32_t end = first + old, more = count - old;
    const uint32_t large = (uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT;
    bool over = false;
    ss_space_lock(space);
    /* Else the block has been freed since, and `end` may be the last granule of its run. */
    const bool fits = old != 0 && ss_entry_get(space, first) == (large | old) &&
                      ss_run_length(space, end) >= more && ss_span_charge(space, end, more);
    if (fits) {
        ss_run_take(space, end, end, more);
        space->used_granules += more;
        ss_span_hold(space, end, more);
    }
    ss_space_unlock(space);
    if (!fits)
        return false;
    const bool is_open = ss_gap_open(space, end, more, 0);
    ss_space_lock(space);
    ss_entry_set(space, end, SS_ENTRY_NONE, 0);
    ss_span_unhold(space);
    const bool done = is_open && ss_entry_change(space, first, large | old, large | count);
    if (!done)
        over = ss_span_release_locked(space, end, more, SS_RUN_DIRTY);
    ss_space_unlock(space);
    if (over)
        ss_span_settle(space);
    return done;
}

bool ss_large_resize(ss_space *space, uint32_t granule, size_t size) {
    if (size >> SS_GRANULE_SHIFT >= SS_ENTRY_VALUE)
        return false;
    uint32_t old = (uint32_t)(ss_large_bytes(space, granule) >> SS_GRANULE_SHIFT);
    uint32_t count = granules_of(size);
    if (SS_HARDENED && count > old && ss_gap_opens(space))
        return extend_opened(space, granule, old, count);
    if (count > old)
        return ss_span_extend(space, granule, old, count);
    if (count < old)
        large_cut(space, granule, count, SS_RUN_DIRTY);
    return true;
}

/* Hardened: ends a block that the caller has claimed, so no other thread finds it live in between. */
static void claimed_end(ss_space *space, uint32_t granule, uint32_t count, ss_run_kind kind) {
    ss_biased_take(&space->lock);
    ss_gap_end(space, granule + count);
    ss_entry_set(space, granule, SS_ENTRY_LARGE, 0);
    const bool over = ss_span_release_locked(space, granule, count, kind);
    ss_biased_release(&space->lock);
    if (over)
        ss_span_settle(space);
}

void *ss_large_move(ss_space *space, uint32_t granule, size_t size) {
    uint32_t old = SS_HARDENED ? ss_entry_get(space, granule) & SS_ENTRY_VALUE
                               : (uint32_t)(ss_large_bytes(space, granule) >> SS_GRANULE_SHIFT);
    if (size >> SS_GRANULE_SHIFT >= SS_ENTRY_VALUE)
        return NULL;
    uint32_t count = granules_of(size);
    if (atomic_load_explicit(&ss_registry->moved_superslabs, memory_order_relaxed) >=
        SS_MOVE_MAX_SUPERSLABS)
        return NULL;
    uint32_t to = ss_space_take(space, count, 1, NULL);
    if (to == SS_NO_SPAN)
        return NULL;
    uint32_t pages = old < count ? old : count;
    char *target = ss_space_address(space, to);
    switch (
        ss_os_move(target, ss_space_address(space, granule), (size_t)pages << SS_GRANULE_SHIFT)) {
    case SS_OS_MOVED:
        break;
    case SS_OS_REFUSED:
        large_cut(space, to, 0, SS_RUN_DIRTY);
        return NULL;
    case SS_OS_LOST: /* the addresses have a foreign mapping and are never handed out again */
        large_cut(space, to, pages, SS_RUN_DIRTY);
        ss_span_abandon(space, to, pages);
        return NULL;
    }
    ss_span_moved(space, to, pages);
    if (SS_HARDENED)
        ss_large_note(space, to, (size_t)count << SS_GRANULE_SHIFT, 0);
    /* Pages that were moved away read as zero now. So the old span is clean unless it has a tail that was not moved. */
    const ss_run_kind kind = pages == old ? SS_RUN_CLEAN : SS_RUN_DIRTY;
    if (SS_HARDENED)
        claimed_end(space, granule, old, kind);
    else
        large_cut(space, granule, 0, kind);
    return target;
}
