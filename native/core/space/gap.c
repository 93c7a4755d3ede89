#include "space/gap.h"

#include "space/held.h"
#include "space/registry.h"

static _Atomic uint32_t gaps; /* of all spaces; relaxed: a budget */

static bool are_left(void) {
    return atomic_load_explicit(&gaps, memory_order_relaxed) < SS_GAP_MOST;
}

uint32_t ss_gap_wanted(const ss_space *space) {
    return ss_gap_opens(space) && are_left();
}

uint32_t ss_gap_wanted_large(const ss_space *space) {
    return SS_HARDENED >= 2 ? ss_gap_wanted(space) : 0;
}

/* ---- masks ---- */

static uint32_t bit_of(uint32_t granule) {
    return UINT32_C(1) << granule % SS_SUPERSLAB_GRANULES;
}

static void open_set(ss_space *space, uint32_t first, uint32_t count, bool open) {
    for (uint32_t at = first, end = first + count, step; at < end; at += step) {
        const uint32_t mask = ss_superslab_mask(at, end, &step);
        uint32_t *word = ss_mask_of(space, at, SS_MASK_OPEN);
        *word = open ? *word | mask : *word & ~mask;
        *ss_mask_of(space, at, SS_MASK_KEPT) &= ~mask;
    }
}

bool ss_gap_is_open(const ss_space *space, uint32_t first, uint32_t count) {
    for (uint32_t at = first, end = first + count, step; at < end; at += step) {
        const uint32_t mask = ss_superslab_mask(at, end, &step);
        if ((*ss_mask_of(space, at, SS_MASK_OPEN) & mask) != mask)
            return false;
    }
    return true;
}

/* Notes that a gap may hold memory that was there before. */
static void keep(ss_space *space, uint32_t granule) {
    *ss_mask_of(space, granule, SS_MASK_KEPT) |= bit_of(granule);
}

void ss_gap_set(ss_space *space, uint32_t granule) {
    if (ss_gap_is_open(space, granule, 1)) /* until it is closed, which the system may refuse */
        keep(space, granule);
    *ss_mask_of(space, granule, SS_MASK_GAP) |= bit_of(granule);
    space->used_granules--;
    ss_span_discharge(space, 1);
    atomic_fetch_add_explicit(&gaps, 1, memory_order_relaxed);
}

bool ss_gap_is(const ss_space *space, uint32_t granule) {
    return granule < space->granule_count &&
           (*ss_mask_of(space, granule, SS_MASK_GAP) & bit_of(granule)) != 0;
}

bool ss_gap_forget(ss_space *space, uint32_t granule) {
    if (!ss_gap_is(space, granule))
        return false;
    *ss_mask_of(space, granule, SS_MASK_GAP) &= ~bit_of(granule);
    atomic_fetch_sub_explicit(&gaps, 1, memory_order_relaxed);
    return true;
}

/* Whether gaps of the space keep memory that was there: a large block's is closed more often than one behind a slab, so
 * that it must be cheap. */
static bool keeps(const ss_space *space) {
    return ss_space_is_headless(space);
}

void ss_gap_end(ss_space *space, uint32_t granule) {
    if (!ss_gap_forget(space, granule))
        return;
    /* The mark stays: if the granule is a gap again before it is opened, its memory may still be there. */
    const bool dirty = (*ss_mask_of(space, granule, SS_MASK_KEPT) & bit_of(granule)) != 0;
    if (dirty)
        ss_span_charge(space, granule,
                       1); /* above the limit it is free of charge until it is used */
    ss_run_join(space, granule, 1, dirty ? SS_RUN_DIRTY : SS_RUN_CLEAN);
}

void ss_gap_opened(ss_space *space, uint32_t first, uint32_t count) {
    open_set(space, first, count, true);
}

void ss_gap_closed(ss_space *space, uint32_t first, uint32_t count) {
    open_set(space, first, count, false);
}

/* ---- opening ---- */

static void note(ss_space *space, uint32_t first, uint32_t count, bool open) {
    ss_space_lock(space);
    open_set(space, first, count, open);
    ss_space_unlock(space);
}

static bool open(ss_space *space, uint32_t first, uint32_t count) {
    if (!ss_os_commit(ss_space_address(space, first), (size_t)count << SS_GRANULE_SHIFT))
        return false;
    note(space, first, count, true);
    return true;
}

/* The note comes first: the child of a fork in between must not take the granule for an open one. */
static void close(ss_space *space, uint32_t granule) {
    const bool keeping = keeps(space);
    /* The system may refuse to give memory back. A slab that is made there later relies on zeros. */
    const bool emptied =
        !keeping && ss_os_purge(ss_space_address(space, granule), SS_GRANULE_BYTES);
    ss_space_lock(space);
    const bool read = ss_space_is_read(space);
    if (!read)
        open_set(space, granule, 1, false);
    if (!emptied)
        keep(space, granule);
    ss_space_unlock(space);
    /* A thread may be reading the header of a block that was there: then the gap stays open. */
    if (read)
        return;
    /* If the system refuses, the gap can be accessed; it is opened again in the same way. */
    if (keeping)
        ss_os_shut(ss_space_address(space, granule), SS_GRANULE_BYTES);
    else
        ss_os_decommit(ss_space_address(space, granule), SS_GRANULE_BYTES);
}

bool ss_gap_open(ss_space *space, uint32_t first, uint32_t count, uint32_t gap) {
    ss_space_lock(space);
    const bool is_open = ss_gap_is_open(space, first, count);
    const bool is_closed = gap == 0 || !ss_gap_is_open(space, first + count, 1);
    ss_space_unlock(space);
    /* The system may have no mapping left: with the gap's granule open the span needs fewer. */
    if (!is_open && !open(space, first, count)) {
        if (gap == 0 || !open(space, first, count + gap))
            return false;
        ss_space_lock(space);
        keep(space, first + count); /* or it was never used: that is not known any more */
        ss_space_unlock(space);
    }
    if (is_closed)
        return true;
    close(space, first + count);
    return true;
}

/* Pages that were moved there go with their mapping. A purge would renew it, and so open it. */
void ss_gap_shut(ss_space *space, uint32_t first, uint32_t count) {
    ss_space_lock(space);
    open_set(space, first, count, false);
    ss_span_forget_moved(space, first, count);
    ss_space_unlock(space);
    ss_os_decommit(ss_space_address(space, first), (size_t)count << SS_GRANULE_SHIFT);
}
