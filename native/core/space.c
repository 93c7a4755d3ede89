#include "space.h"

#include "meta.h"
#include "slab.h"
#include "span.h"

#include <string.h>

static size_t round_up(size_t value, size_t step) {
    return (value + step - 1) & ~(step - 1);
}

/* ---- layout of a space's metadata ---- */

typedef struct meta_layout {
    /* Offsets; the records end where the entries begin. */
    size_t entries, granules, live, bytes;
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

static meta_layout layout_of(size_t space_bytes, ss_space_kind kind) {
    size_t granules = space_bytes >> SS_GRANULE_SHIFT;
    size_t units = record_units_a_granule(kind), page = ss_os_page_bytes();
    meta_layout layout;
    layout.entries =
        round_up(granules * (units << SS_RECORD_SHIFT) + page / 2, SS_META_STEP_BYTES) - page / 2;
    layout.granules = round_up(layout.entries + granules * sizeof(uint32_t), SS_META_STEP_BYTES);
    layout.live = layout.granules + round_up(nodes_bytes(granules), SS_META_STEP_BYTES);
    size_t live = kind == SS_SPACE_HEADLESS ? space_bytes >> SS_HEADLESS_LIVE_SHIFT : 0;
    layout.bytes = layout.live + round_up(live, SS_META_STEP_BYTES);
    return layout;
}

static bool space_set(ss_space *space, ss_space_kind kind, void *base, size_t bytes) {
    meta_layout layout = layout_of(bytes, kind);
    char *meta = ss_os_reserve(layout.bytes, SS_GRANULE_BYTES);
    if (meta == NULL)
        return false;
    atomic_fetch_add_explicit(&ss_process->reserved_bytes, layout.bytes, memory_order_relaxed);
    space->base = (uintptr_t)base;
    space->bytes = bytes;
    space->kind = kind;
    space->entries = (_Atomic uint32_t *)(void *)(meta + layout.entries);
    space->granules = (ss_granule *)(void *)(meta + layout.granules);
    space->records = meta + layout.entries;
    space->records_limit = layout.entries;
    if (kind == SS_SPACE_HEADLESS)
        space->live = (_Atomic uint8_t *)(void *)(meta + layout.live);
    space->meta = meta;
    space->meta_bytes = layout.bytes;
    return true;
}

static ss_space *space_publish(ss_space *space) {
    bool external = space->kind == SS_SPACE_EXTERNAL;
    _Atomic uint32_t *count = external ? &ss_process->external_count : &ss_process->space_count;
    uint32_t first = external ? SS_OWN_SPACE_COUNT : 0;
    uint32_t most = external ? SS_SPACE_COUNT - SS_OWN_SPACE_COUNT : SS_OWN_SPACE_COUNT;
    ss_lock_take(&ss_process->spaces_lock);
    uint32_t used = atomic_load_explicit(count, memory_order_relaxed), at = 0;
    while (at < used &&
           atomic_load_explicit(&ss_process->spaces[first + at], memory_order_relaxed) != NULL)
        at++;
    if (at < most) {
        space->index = (uint8_t)(first + at);
        /* Release: whoever finds the space sees it filled in. */
        atomic_store_explicit(&ss_process->spaces[first + at], space, memory_order_release);
        if (at == used)
            atomic_store_explicit(count, used + 1, memory_order_release);
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

static ss_space *space_make(ss_space_kind kind, void *base, size_t bytes) {
    ss_space *space = ss_meta_take(sizeof(ss_space));
    if (space == NULL)
        return NULL;
    if (space_set(space, kind, base, bytes) && space_publish(space) != NULL)
        return space;
    space_unmake(space);
    return NULL;
}

/* ---- making spaces ---- */

static ss_space no_space;
_Atomic(ss_space *) ss_headless = &no_space;

static size_t power_below(size_t value) {
    return (size_t)1 << (63 - __builtin_clzll(value));
}

/* Reserves as much as the system and the limit on addresses allow, at most `most`. */
static void *region_reserve(size_t most, size_t least, size_t *bytes) {
    size_t limit = ss_os_address_limit();
    size_t want = most;
    if (limit != SIZE_MAX && limit / 4 < want)
        want = limit / 4 > SS_REGION_MIN_BYTES ? power_below(limit / 4) : SS_REGION_MIN_BYTES;
    if (want < least)
        want = round_up(least, SS_SUPERSLAB_BYTES);
    for (;;) {
        /* One more SuperSlab in front keeps the byte before the first block inaccessible. */
        char *start = ss_os_reserve(want + SS_SUPERSLAB_BYTES, SS_SUPERSLAB_BYTES);
        if (start != NULL) {
            atomic_fetch_add_explicit(&ss_process->reserved_bytes, want + SS_SUPERSLAB_BYTES,
                                      memory_order_relaxed);
            *bytes = want;
            return start + SS_SUPERSLAB_BYTES;
        }
        if (want / 2 < least || want / 2 < SS_REGION_MIN_BYTES)
            return NULL;
        want = round_up(want / 2, SS_SUPERSLAB_BYTES);
    }
}

static void region_release(char *base, size_t bytes) {
    ss_os_release(base - SS_SUPERSLAB_BYTES, bytes + SS_SUPERSLAB_BYTES);
    atomic_fetch_sub_explicit(&ss_process->reserved_bytes, bytes + SS_SUPERSLAB_BYTES,
                              memory_order_relaxed);
}

/* Each step is done once, whatever becomes of the next: after a refusal the next request goes on. */
bool ss_space_init(void) {
    if (ss_process->region == NULL)
        ss_process->region =
            region_reserve(SS_REGION_BYTES, SS_REGION_MIN_BYTES, &ss_process->region_bytes);
    if (ss_process->region == NULL)
        return false;
    size_t half = ss_process->region_bytes / 2;
    uint32_t made = atomic_load_explicit(&ss_process->space_count, memory_order_relaxed);
    if (made == 0 && space_make(SS_SPACE_HEADED, ss_process->region, half) == NULL)
        return false;
    if (made < 2 && space_make(SS_SPACE_HEADLESS, ss_process->region + half, half) == NULL)
        return false;
    atomic_store_explicit(&ss_headed_base, (uintptr_t)ss_process->region, memory_order_relaxed);
    /* Release: see ss_space_headless. */
    atomic_store_explicit(&ss_headless, ss_space_own(1), memory_order_release);
    return true;
}

ss_space *ss_space_add(ss_space_kind kind, size_t least) {
    size_t bytes;
    least = round_up(least, SS_SUPERSLAB_BYTES);
    char *base = region_reserve(SS_REGION_BYTES / 2, least, &bytes);
    if (base == NULL)
        return NULL;
    ss_space *space = space_make(kind, base, bytes);
    if (space == NULL)
        region_release(base, bytes); /* nobody has had an address of it */
    return space;
}

ss_space *ss_space_adopt(void *base, size_t bytes, size_t limit, uint8_t *live) {
    ss_space *space = ss_meta_take(sizeof(ss_space));
    if (space == NULL)
        return NULL;
    bool set = space_set(space, SS_SPACE_EXTERNAL, base, limit);
    space->live = (_Atomic uint8_t *)live;
    /* A window's first granule is of no run and of no slab: programs take offset 0 for no block, as they take NULL. */
    space->granule_count = live != NULL;
    atomic_store_explicit(&space->external_bytes, bytes, memory_order_relaxed);
    if (set && space_publish(space) != NULL)
        return space;
    space_unmake(space);
    return NULL;
}

/* Waits until no reader is left who began in a phase. Readers that come while it waits begin in the
 * other one, or a steady stream of them would keep it waiting for ever. */
static void readers_drain(unsigned phase) {
    while (atomic_load_explicit(&ss_process->external_readers[phase], memory_order_seq_cst) != 0) {
        atomic_store_explicit(&ss_process->external_phase, 1 - phase, memory_order_relaxed);
        ss_os_yield();
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
    if (state == SS_BIASED_OWN)
        return;
    /* What lies beyond the end is committed or not, and zero either way. */
    if (space->shrinking != ss_os_thread_token())
        space->shrinking = 0;
    atomic_store_explicit(&space->aged, false, memory_order_relaxed);
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
        if (space != NULL && address - space->base < space->bytes)
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
    if (need > space->records_limit)
        need = space->records_limit;
    return ss_meta_ensure_below(space->records, &space->records_ready, need);
}

/* How many granules the space may come to have now. */
static uint32_t granule_limit(ss_space *space) {
    size_t bytes = space->bytes;
    if (space->kind == SS_SPACE_EXTERNAL)
        bytes = atomic_load_explicit(&space->external_bytes, memory_order_acquire);
    return (uint32_t)(bytes >> SS_GRANULE_SHIFT);
}

bool ss_space_grow(ss_space *space, uint32_t count) {
    if (ss_span_would_exceed(space, count))
        return false;
    ss_span_end_at end = ss_span_end(space);
    uint32_t first = end.granule;
    uint32_t room = granule_limit(space) - first;
    if (count > room)
        return false;
    if (space->kind == SS_SPACE_EXTERNAL)
        return metadata_ensure(space, first + room) && ss_span_add(space, end, room);
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
