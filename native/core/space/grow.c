#include "space/grow.h"

#include "base/meta.h"
#include "space/arrays.h"
#include "space/gap.h"
#include "space/held.h"
#include "space/registry.h"

/* ---- growing ---- */

static bool metadata_ensure(ss_space *space, uint32_t granules) {
    return ss_meta_ensure((void *)space->entries, &space->entries_ready,
                          granules * sizeof(uint32_t)) &&
           ss_meta_ensure(space->granules, &space->granules_ready, ss_arrays_nodes_bytes(granules));
}

/* Extends the reservations of a space to `bytes`. Metadata first: if the space's own reservation is refused then, the
 * surplus of metadata does no harm. */
static ss_os_extend_result extend_to(ss_space *space, size_t old, size_t bytes) {
    size_t most = atomic_load_explicit(&space->most, memory_order_relaxed);
    ss_arrays layout = ss_arrays_of(space->kind, most, bytes);
    char *place = space->records - layout.entries;
    char *first = place + layout.first, *end = place + layout.end;
    ss_os_extend_result result = SS_OS_EXTENDED;
    if (first < space->meta) {
        size_t more = (size_t)(space->meta - first);
        result = ss_os_extend_before(space->meta, more);
        if (result != SS_OS_EXTENDED)
            return result;
        space->meta = first;
        space->meta_bytes += more;
        ss_count_reserved(more);
    }
    if (end > space->meta + space->meta_bytes) {
        size_t more = (size_t)(end - (space->meta + space->meta_bytes));
        result = ss_os_extend_behind(space->meta + space->meta_bytes, more);
        if (result != SS_OS_EXTENDED)
            return result;
        space->meta_bytes += more;
        ss_count_reserved(more);
    }
    result = ss_os_extend_behind((char *)space->base + old, bytes - old);
    if (result == SS_OS_EXTENDED)
        ss_count_reserved(bytes - old);
    return result;
}

/* Extends one of malloc's spaces to at least `least` bytes of addresses, or to twice its size if the system allows. */
static SS_COLD bool space_extend(ss_space *space, size_t least) {
    ss_lock_take(&ss_registry->lock);
    size_t old = ss_space_bytes(space), twice = 2 * old;
    size_t most = atomic_load_explicit(&space->most, memory_order_relaxed);
    bool done = old >= least; /* another thread was first */
    if (!done && least <= most) {
        size_t bytes = twice < least ? least : twice > most ? most : twice;
        ss_os_extend_result result = extend_to(space, old, bytes);
        if (result != SS_OS_EXTENDED && bytes > least)
            result = extend_to(space, old, bytes = least);
        done = result == SS_OS_EXTENDED;
        if (done) {
            atomic_store_explicit(&space->records_limit, (size_t)(space->records - space->meta),
                                  memory_order_relaxed);
            /* Release: pairs with the acquire in granule_limit: the arrays have addresses for the whole space. */
            atomic_store_explicit(&space->bytes, bytes, memory_order_release);
        } else if (result == SS_OS_OCCUPIED) {
            atomic_store_explicit(&space->most, old, memory_order_relaxed);
        }
    }
    ss_lock_release(&ss_registry->lock);
    return done;
}

/* The number of granules that the space may have now. */
static uint32_t granule_limit(ss_space *space) {
    /* Acquire: pairs with the release in space_extend, or in ss_space_grow_external. */
    size_t bytes = atomic_load_explicit(space->kind == SS_SPACE_EXTERNAL ? &space->external_bytes
                                                                         : &space->bytes,
                                        memory_order_acquire);
    return (uint32_t)(bytes >> SS_GRANULE_SHIFT);
}

/* Hardened: spans are opened later, one by one. But what a large request needs beyond the end is opened before metadata
 * is made for it: that of a refused request would stay. */
static uint32_t open_at_once(ss_space *space, ss_span_end_at end, uint32_t count) {
    if (count <= SS_COMMIT_MAX_BYTES >> SS_GRANULE_SHIFT)
        return 0;
    ss_space_lock(space);
    const bool is_end = end.granule != 0 && space->granule_count == end.granule;
    const uint32_t before = is_end ? ss_run_length(space, end.granule - 1) : 0;
    ss_space_unlock(space);
    return before < count ? count - before : 0;
}

/* Notes granules that were opened beyond the end, unless it has moved meanwhile: then they may be another thread's. */
static void note_open(ss_space *space, ss_span_end_at end, uint32_t count) {
    ss_space_lock(space);
    if (space->granule_count == end.granule && space->shrinks == end.shrinks)
        ss_gap_opened(space, end.granule, count);
    ss_space_unlock(space);
}

bool ss_space_grow(ss_space *space, uint32_t count) {
    if (ss_span_would_exceed(space, count))
        return false;
    ss_span_end_at end = ss_span_end(space);
    uint32_t first = end.granule;
    uint32_t room = granule_limit(space) - first;
    if (space->kind == SS_SPACE_EXTERNAL)
        return count <= room && metadata_ensure(space, first + room) &&
               ss_span_add(space, end, room);
    if (count > room) {
        size_t least = ss_round_up(((size_t)first + count) << SS_GRANULE_SHIFT, SS_SUPERSLAB_BYTES);
        if (!space_extend(space, least))
            return false;
        room = granule_limit(space) - first;
    }
    /* Whole SuperSlabs, and ahead of need half of what the space has: a space that grows makes few system calls, and
     * one that does not is charged for little. */
    const uint32_t asked = count;
    count = (count + SS_SUPERSLAB_GRANULES - 1) & ~(SS_SUPERSLAB_GRANULES - 1);
    uint32_t ahead = first / 2 & ~(SS_SUPERSLAB_GRANULES - 1);
    uint32_t most = (uint32_t)(SS_COMMIT_MAX_BYTES >> SS_GRANULE_SHIFT);
    uint32_t step = ahead > most ? most : ahead;
    step = step < count ? count : step;
    step = step > room ? room : step;
    char *start = ss_space_address(space, first);
    const uint32_t opened = ss_gap_opens(space) ? open_at_once(space, end, asked) : 0;
    /* The memory first, because it is refused more often than metadata, which is then not committed in vain. */
    if (opened != 0 && !ss_os_commit(start, (size_t)opened << SS_GRANULE_SHIFT))
        return false;
    while (!(ss_gap_opens(space) || ss_os_commit(start, (size_t)step << SS_GRANULE_SHIFT)) ||
           !metadata_ensure(space, first + step)) {
        if (step == count)
            return false;
        step = count; /* the part ahead of need was refused: without it again */
    }
    if (opened != 0)
        note_open(space, end, opened);
    return ss_span_add(space, end, step);
}

/* Hardened: gives a span back that the system did not let open, and the addresses by which the space grew for it. */
static SS_COLD void give_closed(ss_space *space, uint32_t first, uint32_t count, bool clean) {
    ss_biased_take(&space->lock);
    ss_entry_set(space, first, SS_ENTRY_LARGE, 0);
    ss_gap_end(space, first + count);
    const bool over =
        ss_span_release_locked(space, first, count, clean ? SS_RUN_CLEAN : SS_RUN_DIRTY);
    ss_biased_release(&space->lock);
    if (over)
        ss_span_settle(space);
    ss_span_shrink(space);
}

uint32_t ss_space_take(ss_space *space, uint32_t count, uint32_t align, bool *zero) {
    for (;;) {
        ss_biased_take(&space->lock);
        const uint32_t gap = SS_HARDENED ? ss_gap_wanted_large(space) : 0;
        bool clean = false;
        uint32_t first =
            ss_span_take_locked(space, count + gap, align, SS_HARDENED ? &clean : zero);
        if (SS_HARDENED && zero != NULL)
            *zero = clean;
        if (first != SS_NO_SPAN)
            ss_entry_set(space, first, SS_ENTRY_LARGE, count);
        if (gap != 0 && first != SS_NO_SPAN)
            ss_gap_set(space, first + count);
        ss_biased_release(&space->lock);
        if (SS_HARDENED && first != SS_NO_SPAN && ss_gap_opens(space) &&
            !ss_gap_open(space, first, count, gap)) {
            give_closed(space, first, count, clean);
            return SS_NO_SPAN;
        }
        /* An external space may be no larger than its program needs. Large spans that go back to the system are free
         * once they are purged. */
        if (first == SS_NO_SPAN && space->kind == SS_SPACE_EXTERNAL &&
            ss_span_purge(space, SIZE_MAX) != 0)
            continue;
        if (first != SS_NO_SPAN || !ss_space_grow(space, count + gap + align - 1))
            return first;
    }
}

bool ss_space_shrink_all(void) {
    bool any = false;
    uint32_t count = ss_space_internal_count();
    for (uint32_t i = 0; i < count; i++) {
        ss_space *space = ss_space_internal(i);
        ss_span_purge(space, 0);
        any |= ss_span_shrink(space);
    }
    return any;
}
