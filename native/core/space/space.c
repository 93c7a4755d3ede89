#include "space/space.h"

#include "base/meta.h"
#include "space/arrays.h"
#include "space/registry.h"

ss_registry_data ss_registry_state;
_Atomic uintptr_t ss_resize_base = SS_NO_BASE;
SS_SPARSE _Alignas(SS_CACHE_LINE) _Atomic uint8_t ss_headed_bins[SS_HEADED_GRANULES];

/* Sets the reservation for metadata, whose layout begins at `place`. Relaxed: records_limit is published with the
 * space. */
static void meta_set(ss_space *space, char *place, ss_arrays layout) {
    space->meta = place + layout.first;
    space->meta_bytes = layout.end - layout.first;
    atomic_store_explicit(&space->records_limit, layout.entries - layout.first,
                          memory_order_relaxed);
}

static bool space_set(ss_space *space, ss_space_kind kind, void *base, size_t bytes, size_t most) {
    ss_arrays layout = ss_arrays_of(kind, most, bytes);
    char *place = NULL;
    if (bytes < most)
        place = ss_os_reserve_part(layout.bytes, layout.first, layout.end - layout.first,
                                   SS_GRANULE_BYTES);
    if (place == NULL) {
        most = bytes;
        layout = ss_arrays_of(kind, most, bytes);
        place = ss_os_reserve(layout.bytes, SS_GRANULE_BYTES);
    }
    if (place == NULL)
        return false;
    meta_set(space, place, layout);
    ss_count_reserved(space->meta_bytes);
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

/* Puts a space into the registry. NULL if there is no place left, or if `only` and there is a headless space by now. */
static ss_space *space_publish(ss_space *space, bool only) {
    bool external = space->kind == SS_SPACE_EXTERNAL;
    _Atomic uint32_t *count = external ? &ss_registry->external_count : &ss_registry->space_count;
    uint32_t first = external ? SS_INTERNAL_SPACE_COUNT : 0;
    uint32_t most = external ? SS_SPACE_COUNT - SS_INTERNAL_SPACE_COUNT : SS_INTERNAL_SPACE_COUNT;
    ss_lock_take(&ss_registry->lock);
    uint32_t used = atomic_load_explicit(count, memory_order_relaxed), at = 0;
    while (at < used &&
           atomic_load_explicit(&ss_registry->spaces[first + at], memory_order_relaxed) != NULL)
        at++;
    if (only && has_headless())
        at = most;
    if (at < most) {
        space->index = (uint8_t)(first + at);
        /* Release: a thread that finds the space, or acquires the count, sees it filled in. */
        atomic_store_explicit(&ss_registry->spaces[first + at], space, memory_order_release);
        if (at == used)
            atomic_store_explicit(count, used + 1, memory_order_release);
        /* Release: pairs with the acquire in ss_space_headless. */
        if (space->kind == SS_SPACE_HEADLESS && !has_headless()) {
            atomic_store_explicit(&ss_headless, space, memory_order_release);
            if (!ss_is_observed())
                atomic_store_explicit(&ss_headless_hot, space, memory_order_release);
        }
    }
    ss_lock_release(&ss_registry->lock);
    return at < most ? space : NULL;
}

static void space_unmake(ss_space *space) {
    if (space->meta != NULL) {
        ss_count_released(space->meta_bytes);
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

/* Makes a space of `bytes` of addresses that may grow to `most`. They are reserved from `reserved` on; NULL if the
 * reservation was refused. */
static ss_space *space_over(ss_space_kind kind, char *reserved, size_t bytes, size_t most,
                            bool only) {
    if (reserved == NULL)
        return NULL;
    ss_space *space = space_make(kind, reserved, bytes, most, only);
    if (space != NULL)
        ss_count_reserved(bytes);
    else
        ss_os_release(reserved, bytes); /* no thread has an address in it */
    return space;
}

static size_t bounded(size_t bytes, size_t bound, size_t least) {
    if (bound < bytes)
        bytes = bound > SS_SPACE_MIN_BYTES ? power_below(bound) : SS_SPACE_MIN_BYTES;
    return bytes < least ? ss_round_up(least, SS_SUPERSLAB_BYTES) : bytes;
}

/* Under a limit on addresses a space asks for at most an eighth of the limit at first. Where the system chooses places,
 * all addresses are reserved at once, half as many while the system refuses. */
static ss_space *space_new(ss_space_kind kind, size_t least, bool only) {
    /* Huge pages need their own alignment. Without them a granule's alignment leaves more random places. */
    size_t align = ss_process_fills_huge() ? SS_SUPERSLAB_BYTES : SS_GRANULE_BYTES;
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
        bytes = ss_round_up(bytes / 2, SS_SUPERSLAB_BYTES);
    }
    return space;
}

bool ss_space_init(void) {
    /* There may be one already, made by an attempt that was refused later, or by a thread that a fork left behind. */
    ss_space *space = ss_space_internal_count() != 0
                          ? ss_space_internal(0)
                          : space_new(SS_SPACE_HEADED, SS_SPACE_MIN_BYTES, false);
    if (space == NULL)
        return false; /* the next request will try again */
    atomic_store_explicit(&ss_headed_base, space->base, memory_order_relaxed);
    if (!ss_is_observed())
        atomic_store_explicit(&ss_resize_base, space->base, memory_order_relaxed);
    /* If addresses are limited, headed blocks could take all of them for good, so the headless space is made now. If it
     * is refused, a later request tries again. */
    if (ss_os_address_limit() != SIZE_MAX)
        ss_space_add(SS_SPACE_HEADLESS, SS_SPACE_MIN_BYTES);
    return true;
}

ss_space *ss_space_add(ss_space_kind kind, size_t least) {
    least = ss_round_up(least, SS_SUPERSLAB_BYTES);
    bool first = kind == SS_SPACE_HEADLESS && !has_headless();
    if (first && least < SS_SPACE_MIN_BYTES)
        least = SS_SPACE_MIN_BYTES;
    ss_space *space = space_new(kind, least, first);
    /* Another thread may have made the first one. If that is too small, the caller asks again. */
    return space == NULL && first && has_headless() ? ss_space_headless() : space;
}

bool ss_space_arrays(const ss_space *space, uintptr_t *start, size_t *bytes) {
    if (!ss_lock_try(&ss_registry->lock))
        return false;
    *start = (uintptr_t)space->meta;
    *bytes = space->meta_bytes;
    ss_lock_release(&ss_registry->lock);
    return true;
}

void ss_space_dump(const ss_space *space, size_t from, size_t to, bool dumped) {
    if (space->live == NULL || from >= to)
        return;
    ss_os_dump((char *)space->base + from, to - from, dumped);
    /* A page of the table that describes both dumped and other memory is dumped. */
    const size_t page = ss_os_page_bytes(), above = dumped ? 0 : page - 1;
    const size_t first = ((from >> SS_LIVE_SHIFT) + above) & ~(page - 1);
    const size_t end = ss_round_up(to >> SS_LIVE_SHIFT, page);
    if (first < end)
        ss_os_dump((char *)(uintptr_t)space->live + first, end - first, dumped);
}

ss_space *ss_space_adopt(void *base, size_t bytes, size_t limit, uint8_t *live) {
    ss_space *space = ss_meta_take(sizeof(ss_space));
    if (space == NULL)
        return NULL;
    bool set = space_set(space, SS_SPACE_EXTERNAL, base, limit, limit);
    space->live = (_Atomic uint8_t *)live;
    /* A window's first granule is in no run and no slab, because offset 0 means no block, like NULL. */
    space->granule_count = live != NULL;
    atomic_store_explicit(&space->external_bytes, bytes, memory_order_relaxed);
    if (set && space_publish(space, false) != NULL) {
        /* The engine reserves the window up to its limit, and core dumps would contain the unused part. */
        ss_space_dump(space, bytes, limit, false);
        return space;
    }
    space_unmake(space);
    return NULL;
}

void ss_space_grow_external(ss_space *space, size_t bytes) {
    if (bytes > ss_space_bytes(space))
        bytes = ss_space_bytes(space);
    size_t old = atomic_load_explicit(&space->external_bytes, memory_order_relaxed);
    /* A region never shrinks, so it does no harm if two threads include the same range in core dumps. */
    if (old < bytes)
        ss_space_dump(space, old, bytes, true);
    /* Release: the memory's owner made it usable before, and a thread that acquires the new length may use it. */
    while (old < bytes &&
           !atomic_compare_exchange_weak_explicit(&space->external_bytes, &old, bytes,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

/* Waits until no reader is left that began in `phase`. Readers that come meanwhile begin in the other phase, because a
 * steady stream of them would keep this thread waiting for ever. */
static void readers_drain(unsigned phase) {
    for (unsigned spins = 0;
         atomic_load_explicit(&ss_registry->readers[phase], memory_order_seq_cst) != 0; spins++) {
        atomic_store_explicit(&ss_registry->readers_phase, 1 - phase, memory_order_relaxed);
        ss_lock_wait(spins);
    }
}

void ss_space_retire(ss_space *space) {
    ss_lock_take(&ss_registry->lock);
    atomic_store_explicit(&ss_registry->spaces[space->index], NULL, memory_order_seq_cst);
    ss_lock_release(&ss_registry->lock);
    /* Threads that look up other addresses may still read the space, for a short time. The store above, the additions
     * of readers in either phase, and the loads after both are in one total order (seq_cst): a reader finds NULL, or
     * this thread waits for it. */
    readers_drain(0);
    readers_drain(1);
    size_t ready = atomic_load_explicit(&space->entries_ready, memory_order_relaxed) +
                   atomic_load_explicit(&space->granules_ready, memory_order_relaxed) +
                   atomic_load_explicit(&space->records_ready, memory_order_relaxed);
    ss_count_metadata_gone(ready);
    space_unmake(space);
}

void ss_space_forget(uintptr_t base) {
    for (uint32_t i = SS_INTERNAL_SPACE_COUNT; i < SS_SPACE_COUNT; i++) {
        const ss_space *space = atomic_load_explicit(&ss_registry->spaces[i], memory_order_relaxed);
        if (space != NULL && space->base == base)
            atomic_store_explicit(&ss_registry->spaces[i], NULL, memory_order_relaxed);
    }
}

/* ---- in a child ---- */

/* Adds up the sums of all spaces anew, after each space's counts are mended. */
static SS_COLD void charges_inherit(void) {
    size_t committed[SS_SPACE_EXTERNAL] = {0}, charged = 0;
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++) {
        const ss_space *space = ss_space_internal(i);
        committed[space->kind] += (size_t)space->granule_count << SS_GRANULE_SHIFT;
        charged += (space->used_granules + space->dirty_granules + space->returning_granules)
                   << SS_GRANULE_SHIFT;
    }
    for (unsigned kind = 0; kind < SS_SPACE_EXTERNAL; kind++)
        atomic_store_explicit(&ss_registry->committed_bytes[kind], committed[kind],
                              memory_order_relaxed);
    if (ss_process_is_limited())
        atomic_store_explicit(&ss_registry->charged_bytes, charged, memory_order_relaxed);
}

SS_COLD void ss_registry_inherit(void) {
    charges_inherit();
    for (unsigned phase = 0; phase < 2; phase++)
        atomic_store_explicit(&ss_registry->readers[phase], 0, memory_order_relaxed);
}

SS_COLD bool ss_spaces_are_mine(void) {
    for (uint32_t i = 0; i < SS_SPACE_COUNT; i++) {
        const ss_space *space = ss_space_seen(i);
        if (space != NULL && ss_biased_is_mine(&space->lock))
            return true;
    }
    return false;
}

/* ---- looking through the external ones ---- */

unsigned ss_readers_begin(void) {
    /* Relaxed: both phases are safe. To begin in the current one only keeps retirements from waiting long. */
    unsigned phase = atomic_load_explicit(&ss_registry->readers_phase, memory_order_relaxed);
    atomic_fetch_add_explicit(&ss_registry->readers[phase], 1, memory_order_seq_cst);
    return phase;
}

void ss_readers_end(unsigned phase) {
    _Atomic uint32_t *readers = &ss_registry->readers[phase];
    uint32_t count = atomic_load_explicit(readers, memory_order_relaxed);
    /* The count may be 0 in the child of a fork, which resets it: this reader may have begun in the parent, before a
     * signal handler forked. */
    while (count != 0 &&
           !atomic_compare_exchange_weak_explicit(readers, &count, count - 1, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

SS_COLD ss_space *ss_space_find_external(uintptr_t address) {
    const uint32_t count = ss_space_external_count();
    ss_space *found = NULL;
    const unsigned phase = ss_readers_begin();
    for (uint32_t i = 0; i < count && found == NULL; i++) {
        ss_space *space = ss_space_at_place(SS_INTERNAL_SPACE_COUNT + i);
        if (space != NULL && ss_space_contains(space, address))
            found = space;
    }
    ss_readers_end(phase);
    /* The space may be used after this: a caller that asks for an address of a region keeps it from being retired. */
    return found;
}

bool ss_space_ready_record(ss_space *space) {
    ss_biased_take(&space->lock);
    size_t need = space->slab_records.used + ((size_t)SS_RECORD_MAX_UNITS << SS_RECORD_SHIFT);
    ss_biased_release(&space->lock);
    size_t limit = atomic_load_explicit(&space->records_limit, memory_order_relaxed);
    if (need > limit)
        need = limit;
    if (!ss_meta_ensure_below(space->records, &space->records_ready, need))
        return false;
    /* The last page of the records also holds the first entries, which are now committed, too. */
    size_t none = 0, page = ss_os_page_bytes();
    size_t some = -(uintptr_t)space->records & (page - 1);
    if (atomic_load_explicit(&space->entries_ready, memory_order_relaxed) == 0 &&
        /* Release: pairs with the acquire in ss_meta_ensure. */
        atomic_compare_exchange_strong_explicit(&space->entries_ready, &none, some,
                                                memory_order_release, memory_order_relaxed))
        ss_count_metadata(some);
    return true;
}

const _Atomic uint8_t *ss_space_live_byte(ss_space *space, uintptr_t block) {
    return ss_space_is_headless(space)
               ? ss_live_at(space, block)
               : &space->live[ss_space_offset(space, block) >> SS_LIVE_SHIFT];
}

bool ss_space_ready_live(ss_space *space, size_t end) {
    return !ss_space_is_headless(space) ||
           ss_meta_ensure((void *)space->live, &space->live_ready,
                          end << (SS_GRANULE_SHIFT - SS_HEADLESS_LIVE_SHIFT));
}
