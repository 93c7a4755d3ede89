#include "space.h"

#include "meta.h"
#include "observe.h"
#include "slab.h"
#include "span.h"

#include <string.h>

static size_t round_up(size_t value, size_t step) {
    return (value + step - 1) & ~(step - 1);
}

/* ---- layout of a space's metadata ---- */

typedef struct meta_layout {
    /* Offsets, for as many addresses as the space may come to have; the records end where the entries begin. */
    size_t entries, granules, live, bytes;
    /* The part that is for those it has: the records grow down from its start, what is live up from its end. */
    size_t first, end;
} meta_layout;

/* A record is reused only for a record of its length, so in the worst history every granule has had
 * a slab of each length. Addresses only. */
static size_t record_units_a_granule(ss_space_kind kind) {
    bool seen[SS_RECORD_MAX_UNITS + 1] = {false};
    size_t sum = 0;
    unsigned first = kind == SS_SPACE_HEADED ? SS_BIN_HEADED : 0;
    unsigned count = kind == SS_SPACE_HEADED ? SS_HEADED_COUNT : SS_HEADLESS_COUNT;
    for (unsigned bin = first; bin < first + count; bin++) {
        if (kind == SS_SPACE_HEADLESS && ss_process->classes[bin].stride % 32 != 0)
            continue; /* malloc has no headless block aligned to less than 32 */
        uint32_t units = ss_slab_units(&ss_process->classes[bin]);
        sum += seen[units] ? 0 : units;
        seen[units] = true;
    }
    return sum;
}

/* Of whole SuperSlabs, for their masks, and one more: the node after the last granule is read, and is
 * nobody's. */
static size_t nodes_bytes(size_t granules) {
    return (round_up(granules, SS_SUPERSLAB_GRANULES) + 1) * sizeof(ss_granule);
}

static meta_layout layout_of(ss_space_kind kind, size_t most, size_t bytes) {
    size_t granules = most >> SS_GRANULE_SHIFT, page = ss_os_page_bytes();
    size_t records = record_units_a_granule(kind) << SS_RECORD_SHIFT;
    unsigned live_shift = kind == SS_SPACE_HEADLESS ? SS_HEADLESS_LIVE_SHIFT : 63;
    meta_layout layout;
    layout.entries = round_up(granules * records + page / 2, SS_META_STEP_BYTES) - page / 2;
    layout.granules = round_up(layout.entries + granules * sizeof(uint32_t), SS_META_STEP_BYTES);
    layout.live = layout.granules + round_up(nodes_bytes(granules), SS_META_STEP_BYTES);
    layout.bytes = layout.live + round_up(most >> live_shift, SS_META_STEP_BYTES);
    layout.first =
        (layout.entries - (bytes >> SS_GRANULE_SHIFT) * records) & ~(SS_META_STEP_BYTES - 1);
    layout.end = layout.live + round_up(bytes >> live_shift, SS_META_STEP_BYTES);
    return layout;
}

/* Of the reservation for metadata, at its place. Acquired with the bytes of the space. */
static void meta_set(ss_space *space, char *place, meta_layout layout) {
    space->meta = place + layout.first;
    space->meta_bytes = layout.end - layout.first;
    atomic_store_explicit(&space->records_limit, layout.entries - layout.first,
                          memory_order_relaxed);
}

static void count_reserved(size_t bytes) {
    atomic_fetch_add_explicit(&ss_process->reserved_bytes, bytes, memory_order_relaxed);
}

static bool space_set(ss_space *space, ss_space_kind kind, void *base, size_t bytes, size_t most) {
    meta_layout layout = layout_of(kind, most, bytes);
    char *place = NULL;
    if (bytes < most)
        place = ss_os_reserve_part(layout.bytes, layout.first, layout.end - layout.first,
                                   SS_GRANULE_BYTES);
    if (place == NULL) {
        most = bytes;
        layout = layout_of(kind, most, bytes);
        place = ss_os_reserve(layout.bytes, SS_GRANULE_BYTES);
    }
    if (place == NULL)
        return false;
    meta_set(space, place, layout);
    count_reserved(space->meta_bytes);
    space->base = (uintptr_t)base;
    atomic_store_explicit(&space->bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&space->most, most, memory_order_relaxed);
    space->kind = kind;
    space->entries = (_Atomic uint32_t *)(void *)(place + layout.entries);
    space->granules = (ss_granule *)(void *)(place + layout.granules);
    space->records = place + layout.entries;
    if (kind == SS_SPACE_HEADLESS)
        space->live = (_Atomic uint8_t *)(void *)(place + layout.live);
    return true;
}

static ss_space no_space;
_Atomic(ss_space *) ss_headless = &no_space;
_Atomic(ss_space *) ss_headless_hot = &no_space;

static bool has_headless(void) {
    return ss_space_headless() != &no_space;
}

/* `only`: in vain if there is a headless space by now. */
static ss_space *space_publish(ss_space *space, bool only) {
    bool external = space->kind == SS_SPACE_EXTERNAL;
    _Atomic uint32_t *count = external ? &ss_process->external_count : &ss_process->space_count;
    uint32_t first = external ? SS_OWN_SPACE_COUNT : 0;
    uint32_t most = external ? SS_SPACE_COUNT - SS_OWN_SPACE_COUNT : SS_OWN_SPACE_COUNT;
    ss_lock_take(&ss_process->spaces_lock);
    uint32_t used = atomic_load_explicit(count, memory_order_relaxed), at = 0;
    while (at < used &&
           atomic_load_explicit(&ss_process->spaces[first + at], memory_order_relaxed) != NULL)
        at++;
    if (only && has_headless())
        at = most;
    if (at < most) {
        space->index = (uint8_t)(first + at);
        /* Release: whoever finds the space sees it filled in. */
        atomic_store_explicit(&ss_process->spaces[first + at], space, memory_order_release);
        if (at == used)
            atomic_store_explicit(count, used + 1, memory_order_release);
        /* Release: see ss_space_headless. */
        if (space->kind == SS_SPACE_HEADLESS && !has_headless()) {
            atomic_store_explicit(&ss_headless, space, memory_order_release);
            if (!ss_is_observed())
                atomic_store_explicit(&ss_headless_hot, space, memory_order_release);
        }
    }
    ss_lock_release(&ss_process->spaces_lock);
    return at < most ? space : NULL;
}

static void space_unmake(ss_space *space) {
    if (space->meta != NULL) {
        atomic_fetch_sub_explicit(&ss_process->reserved_bytes, space->meta_bytes,
                                  memory_order_relaxed);
        ss_os_release(space->meta, space->meta_bytes);
    }
    ss_meta_give(space, sizeof(ss_space));
}

static ss_space *space_make(ss_space_kind kind, void *base, size_t bytes, size_t most, bool only) {
    ss_space *space = ss_meta_take(sizeof(ss_space));
    if (space == NULL)
        return NULL;
    if (space_set(space, kind, base, bytes, most) && space_publish(space, only) != NULL)
        return space;
    space_unmake(space);
    return NULL;
}

/* ---- making spaces ---- */

static size_t power_below(size_t value) {
    return (size_t)1 << (63 - __builtin_clzll(value));
}

/* A space of `bytes` addresses that may come to have `most`; `reserved` is the first of them, or NULL. */
static ss_space *space_over(ss_space_kind kind, char *reserved, size_t bytes, size_t most,
                            bool only) {
    if (reserved == NULL)
        return NULL;
    ss_space *space = space_make(kind, reserved, bytes, most, only);
    if (space != NULL)
        count_reserved(bytes);
    else
        ss_os_release(reserved, bytes); /* nobody has had an address of it */
    return space;
}

static size_t bounded(size_t bytes, size_t bound, size_t least) {
    if (bound < bytes)
        bytes = bound > SS_SPACE_MIN_BYTES ? power_below(bound) : SS_SPACE_MIN_BYTES;
    return bytes < least ? round_up(least, SS_SUPERSLAB_BYTES) : bytes;
}

/* Of a limit on addresses each of the first two spaces gets an eighth at first. Where the system takes no wishes,
 * all is reserved at once, or as much as it allows. */
static ss_space *space_new(ss_space_kind kind, size_t least, bool only) {
    /* Huge pages are aligned; else a granule's alignment leaves more places to draw from. */
    size_t align = ss_process->settings.huge_pages ? SS_SUPERSLAB_BYTES : SS_GRANULE_BYTES;
    size_t limit = ss_os_address_limit();
    size_t most = bounded(SS_SPACE_MOST_BYTES, limit, least);
    size_t bytes = bounded(SS_SPACE_FIRST_BYTES, limit / 8, least);
    ss_space *space =
        space_over(kind, ss_os_reserve_part(most, 0, bytes, align), bytes, most, only);
    bytes = bounded(SS_SPACE_MOST_BYTES, limit / 8, least);
    while (space == NULL) {
        char *reserved = ss_os_reserve(bytes, align);
        space = space_over(kind, reserved, bytes, bytes, only);
        if (reserved != NULL && only && has_headless())
            break;
        if (bytes / 2 < least || bytes / 2 < SS_SPACE_MIN_BYTES)
            break;
        bytes = round_up(bytes / 2, SS_SUPERSLAB_BYTES);
    }
    return space;
}

bool ss_space_init(void) {
    /* There may be one: by a try that was refused later, or by a thread that did not come through a fork. */
    ss_space *space = ss_space_own_count() != 0
                          ? ss_space_own(0)
                          : space_new(SS_SPACE_HEADED, SS_SPACE_MIN_BYTES, false);
    if (space == NULL)
        return false; /* the next request tries again */
    atomic_store_explicit(&ss_headed_base, space->base, memory_order_relaxed);
    if (!ss_is_observed())
        atomic_store_explicit(&ss_resize_base, space->base, memory_order_relaxed);
    /* Headed blocks would take all there is of limited addresses, for good. A refusal: as elsewhere. */
    if (ss_os_address_limit() != SIZE_MAX)
        ss_space_add(SS_SPACE_HEADLESS, SS_SPACE_MIN_BYTES);
    return true;
}

ss_space *ss_space_add(ss_space_kind kind, size_t least) {
    least = round_up(least, SS_SUPERSLAB_BYTES);
    bool first = kind == SS_SPACE_HEADLESS && !has_headless();
    if (first && least < SS_SPACE_MIN_BYTES)
        least = SS_SPACE_MIN_BYTES;
    ss_space *space = space_new(kind, least, first);
    /* Another thread may have made the first one: if it is too small the caller asks again. */
    return space == NULL && first && has_headless() ? ss_space_headless() : space;
}

void ss_space_dump(const ss_space *space, size_t from, size_t to, bool dumped) {
    if (space->live == NULL || from >= to)
        return;
    ss_os_dump((char *)space->base + from, to - from, dumped);
    /* A page of the table that tells of both is dumped. */
    const size_t page = ss_os_page_bytes(), above = dumped ? 0 : page - 1;
    const size_t first = ((from >> SS_LIVE_SHIFT) + above) & ~(page - 1);
    const size_t end = round_up(to >> SS_LIVE_SHIFT, page);
    if (first < end)
        ss_os_dump((char *)(uintptr_t)space->live + first, end - first, dumped);
}

ss_space *ss_space_adopt(void *base, size_t bytes, size_t limit, uint8_t *live) {
    ss_space *space = ss_meta_take(sizeof(ss_space));
    if (space == NULL)
        return NULL;
    bool set = space_set(space, SS_SPACE_EXTERNAL, base, limit, limit);
    space->live = (_Atomic uint8_t *)live;
    /* A window's first granule is of no run and of no slab: programs take offset 0 for no block, as they take NULL. */
    space->granule_count = live != NULL;
    atomic_store_explicit(&space->external_bytes, bytes, memory_order_relaxed);
    if (set && space_publish(space, false) != NULL) {
        /* The engine reserves all that a window may come to have, and a debugger's dump would have it. */
        ss_space_dump(space, bytes, limit, false);
        return space;
    }
    space_unmake(space);
    return NULL;
}

/* Waits until no reader is left who began in a phase. Readers that come while it waits begin in the
 * other one, or a steady stream of them would keep it waiting for ever. */
static void readers_drain(unsigned phase) {
    for (unsigned spins = 0;
         atomic_load_explicit(&ss_process->external_readers[phase], memory_order_seq_cst) != 0;
         spins++) {
        atomic_store_explicit(&ss_process->external_phase, 1 - phase, memory_order_relaxed);
        ss_lock_wait(spins);
    }
}

void ss_space_retire(ss_space *space) {
    ss_lock_take(&ss_process->spaces_lock);
    atomic_store_explicit(&ss_process->spaces[space->index], NULL, memory_order_seq_cst);
    ss_lock_release(&ss_process->spaces_lock);
    /* Those who look for other addresses may be reading it still; they are done in no time. In one total
     * order with the addition of a reader, in whichever phase: it finds NULL, or is waited for. */
    readers_drain(0);
    readers_drain(1);
    size_t ready = atomic_load_explicit(&space->entries_ready, memory_order_relaxed) +
                   atomic_load_explicit(&space->granules_ready, memory_order_relaxed) +
                   atomic_load_explicit(&space->records_ready, memory_order_relaxed);
    atomic_fetch_sub_explicit(&ss_process->metadata_bytes, ready, memory_order_relaxed);
    space_unmake(space);
}

void ss_space_inherit(ss_space *space, const ss_heap *own) {
    ss_biased_state state = ss_biased_inherit(&space->lock, own);
    /* What lies beyond the end is committed or not, and zero either way. Nobody is left who would end it, even if this
     * thread has the lock. */
    if (space->shrinking != ss_os_thread_token())
        space->shrinking = 0;
    atomic_store_explicit(&space->aged, false, memory_order_relaxed);
    if (state != SS_BIASED_OWN)
        ss_span_inherit(space, state == SS_BIASED_TORN);
}

void ss_space_forget(uintptr_t base) {
    for (uint32_t i = SS_OWN_SPACE_COUNT; i < SS_SPACE_COUNT; i++) {
        const ss_space *space = atomic_load_explicit(&ss_process->spaces[i], memory_order_relaxed);
        if (space != NULL && space->base == base)
            atomic_store_explicit(&ss_process->spaces[i], NULL, memory_order_relaxed);
    }
}

/* ---- looking through the external ones ---- */

unsigned ss_external_begin(void) {
    /* Relaxed: both phases are safe, the current one only lets retirements through. */
    unsigned phase = atomic_load_explicit(&ss_process->external_phase, memory_order_relaxed);
    atomic_fetch_add_explicit(&ss_process->external_readers[phase], 1, memory_order_seq_cst);
    return phase;
}

void ss_external_end(unsigned phase) {
    _Atomic uint32_t *readers = &ss_process->external_readers[phase];
    uint32_t count = atomic_load_explicit(readers, memory_order_relaxed);
    /* In a child there are none: this one may have begun in the parent, before a signal whose handler forked. */
    while (count != 0 &&
           !atomic_compare_exchange_weak_explicit(readers, &count, count - 1, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

SS_COLD ss_space *ss_space_find_external(uintptr_t address) {
    /* Relaxed: places that are counted and not filled in yet read as NULL. */
    uint32_t count = atomic_load_explicit(&ss_process->external_count, memory_order_relaxed);
    ss_space *found = NULL;
    const unsigned phase = ss_external_begin();
    for (uint32_t i = 0; i < count && found == NULL; i++) {
        ss_space *space =
            atomic_load_explicit(&ss_process->spaces[SS_OWN_SPACE_COUNT + i], memory_order_seq_cst);
        if (space != NULL && address - space->base < ss_space_bytes(space))
            found = space;
    }
    ss_external_end(phase);
    /* Whoever asks for an address of a region keeps the region from being retired. */
    return found;
}

/* ---- growing ---- */

static bool metadata_ensure(ss_space *space, uint32_t granules) {
    return ss_meta_ensure((void *)space->entries, &space->entries_ready,
                          granules * sizeof(uint32_t)) &&
           ss_meta_ensure(space->granules, &space->granules_ready, nodes_bytes(granules));
}

bool ss_space_ready_record(ss_space *space) {
    ss_biased_take(&space->lock);
    size_t need = space->records_used + ((size_t)SS_RECORD_MAX_UNITS << SS_RECORD_SHIFT);
    ss_biased_release(&space->lock);
    size_t limit = atomic_load_explicit(&space->records_limit, memory_order_relaxed);
    if (need > limit)
        need = limit;
    if (!ss_meta_ensure_below(space->records, &space->records_ready, need))
        return false;
    /* What the last page of records has beyond them are the first entries. */
    size_t none = 0, page = ss_os_page_bytes();
    size_t some = -(uintptr_t)space->records & (page - 1);
    if (atomic_load_explicit(&space->entries_ready, memory_order_relaxed) == 0 &&
        /* Release: pairs with the acquire in ss_meta_ensure. */
        atomic_compare_exchange_strong_explicit(&space->entries_ready, &none, some,
                                                memory_order_release, memory_order_relaxed))
        atomic_fetch_add_explicit(&ss_process->metadata_bytes, some, memory_order_relaxed);
    return true;
}

/* Metadata first: what it has more than it needs does no harm. */
static ss_os_extend_result extend_to(ss_space *space, size_t old, size_t bytes) {
    size_t most = atomic_load_explicit(&space->most, memory_order_relaxed);
    meta_layout layout = layout_of(space->kind, most, bytes);
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
        count_reserved(more);
    }
    if (end > space->meta + space->meta_bytes) {
        size_t more = (size_t)(end - (space->meta + space->meta_bytes));
        result = ss_os_extend_behind(space->meta + space->meta_bytes, more);
        if (result != SS_OS_EXTENDED)
            return result;
        space->meta_bytes += more;
        count_reserved(more);
    }
    result = ss_os_extend_behind((char *)space->base + old, bytes - old);
    if (result == SS_OS_EXTENDED)
        count_reserved(bytes - old);
    return result;
}

/* Reserves addresses for at least so many bytes of one of malloc's spaces, twice what it has if the system lets. */
static SS_COLD bool space_extend(ss_space *space, size_t least) {
    ss_lock_take(&ss_process->spaces_lock);
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
            /* Release: the arrays have addresses for what is there. */
            atomic_store_explicit(&space->bytes, bytes, memory_order_release);
        } else if (result == SS_OS_OCCUPIED) {
            atomic_store_explicit(&space->most, old, memory_order_relaxed);
        }
    }
    ss_lock_release(&ss_process->spaces_lock);
    return done;
}

/* How many granules the space may come to have now. */
static uint32_t granule_limit(ss_space *space) {
    /* Acquire: see space_extend. */
    size_t bytes = atomic_load_explicit(space->kind == SS_SPACE_EXTERNAL ? &space->external_bytes
                                                                         : &space->bytes,
                                        memory_order_acquire);
    return (uint32_t)(bytes >> SS_GRANULE_SHIFT);
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
        size_t least = round_up(((size_t)first + count) << SS_GRANULE_SHIFT, SS_SUPERSLAB_BYTES);
        if (!space_extend(space, least))
            return false;
        room = granule_limit(space) - first;
    }
    /* Whole SuperSlabs, and half of what there is ahead of need: few calls for those who grow, little
     * charged to those who do not. */
    count = (count + SS_SUPERSLAB_GRANULES - 1) & ~(SS_SUPERSLAB_GRANULES - 1);
    uint32_t ahead = first / 2 & ~(SS_SUPERSLAB_GRANULES - 1);
    uint32_t most = (uint32_t)(SS_COMMIT_MAX_BYTES >> SS_GRANULE_SHIFT);
    uint32_t step = ahead > most ? most : ahead;
    step = step < count ? count : step;
    step = step > room ? room : step;
    char *start = ss_space_address(space, first);
    /* The memory first: what is refused most is not followed by metadata for it. */
    while (!ss_os_commit(start, (size_t)step << SS_GRANULE_SHIFT) ||
           !metadata_ensure(space, first + step)) {
        if (step == count)
            return false;
        step = count; /* refused ahead of need is not refused */
    }
    return ss_span_add(space, end, step);
}

bool ss_space_shrink_all(void) {
    bool any = false;
    uint32_t count = ss_space_own_count();
    for (uint32_t i = 0; i < count; i++) {
        ss_space *space = ss_space_own(i);
        ss_span_purge(space, 0);
        any |= ss_span_shrink(space);
    }
    return any;
}
