/* The hot paths count nothing. The figures are added up from slabs and bins when they are asked for. */
#include "background/stats.h"

#include "background/park.h"
#include "background/source.h"
#include "guard/due.h"
#include "guard/places.h"
#include "heap/bins.h"
#include "slab/state.h"
#include "space/dirty.h"
#include "space/empty.h"

static void add_slab(const ss_slab *slab, const ss_class *class, superslab_stats *out) {
    uint64_t bytes = ss_class_slab_bytes(class);
    const uint64_t out_blocks = ss_slab_blocks_out(slab, class);
    out->slab_count++;
    out->slab_bytes += bytes;
    out->live_blocks += out_blocks;
    out->live_bytes += out_blocks * ss_class_stride(class);
    out->slab_free_bytes += bytes - out_blocks * ss_class_stride(class);
}

/* Adds entries from `granule` on, at most *left, which counts down. Returns the next granule. */
static uint32_t add_entries(ss_space *space, uint32_t granule, uint32_t end, uint32_t *left,
                            superslab_stats *out) {
    /* Entries that are committed meanwhile need not be seen. */
    const size_t ready = ss_entries_ready(space) / sizeof(uint32_t);
    while (granule < end && *left != 0) {
        uint32_t entry = granule < ready ? ss_entry_load(space, granule) : 0;
        uint32_t value = entry & SS_ENTRY_VALUE, step = 1;
        --*left;
        if (ss_entry_kind_of(entry) == SS_ENTRY_SLAB) {
            const ss_slab *slab = ss_slab_of_id(space, value);
            ss_slab_view view = ss_slab_read(slab);
            if (view.granule == granule) { /* else the slab has ended since */
                add_slab(slab, view.class, out);
                step = ss_class_granules(view.class);
            }
        } else if (value != 0 && (ss_entry_kind_of(entry) == SS_ENTRY_LARGE ||
                                  ss_entry_kind_of(entry) == SS_ENTRY_CACHED)) {
            if (ss_entry_kind_of(entry) == SS_ENTRY_CACHED) {
                /* Counted as live too, like blocks in bins; add_process subtracts both. */
                out->cached_blocks++;
                out->cached_bytes += (uint64_t)value << SS_GRANULE_SHIFT;
            }
            out->live_blocks++;
            out->live_bytes += (uint64_t)value << SS_GRANULE_SHIFT;
            out->large_bytes += (uint64_t)value << SS_GRANULE_SHIFT;
            step = value;
        }
        granule += step;
    }
    return granule;
}

/* Adds a space from `granule` on. Returns the granule to continue from, or 0 when the space is done. */
static uint32_t add_space(ss_space *space, uint32_t granule, uint32_t *left, superslab_stats *out) {
    const uint32_t end = ss_space_end(space);
    if (granule == 0 && !ss_space_is_region(space))
        out->dirty_bytes += ss_span_dirty_bytes(space);
    granule = add_entries(space, granule, end, left, out);
    return granule < end ? granule : 0;
}

void ss_stats_add_space(ss_space *space, superslab_stats *out) {
    uint32_t all = UINT32_MAX;
    add_space(space, 0, &all, out);
}

uint64_t ss_stats_large_cached(void) {
    superslab_stats all = {.live_blocks = 0};
    for (uint32_t i = 0; i < ss_space_internal_count(); i++)
        ss_stats_add_space(ss_space_internal(i), &all);
    return all.cached_bytes; /* of spaces these are the large ones alone */
}

/* Slabs count blocks in bins as live, so these are subtracted. The two figures are not taken at the same moment. */
static uint64_t less(uint64_t from, uint64_t what) {
    return from > what ? from - what : 0;
}

/* The number of entries that a heap counts as: about as many cache lines are read. */
enum { HEAP_ENTRIES = SS_BIN_COUNT / 8 };

/* The next place that may have a space, `place` or later: malloc's spaces come first, then external ones. */
static uint32_t place_at(uint32_t place) {
    if (place >= ss_space_internal_count() && place < SS_INTERNAL_SPACE_COUNT)
        place = SS_INTERNAL_SPACE_COUNT;
    return place < SS_INTERNAL_SPACE_COUNT + ss_space_external_count() ? place : SS_SPACE_COUNT;
}

static void add_spaces(ss_stats_walk *walk, uint32_t *left) {
    /* Between two portions an external space may be retired, and another one may take its place. */
    const unsigned phase = ss_readers_begin();
    for (; (walk->place = place_at(walk->place)) < SS_SPACE_COUNT; walk->place++) {
        ss_space *space = ss_space_at_place(walk->place);
        walk->granule = space == NULL ? 0 : add_space(space, walk->granule, left, &walk->stats);
        if (walk->granule != 0)
            break; /* the portion is over */
    }
    ss_readers_end(phase);
}

static void add_heaps(ss_stats_walk *walk, uint32_t *left) {
    if (!walk->at_heaps)
        walk->heap = ss_heap_first();
    walk->at_heaps = true;
    for (; walk->heap != NULL && *left >= HEAP_ENTRIES; walk->heap = ss_heap_next(walk->heap)) {
        ss_heap_add_cached(walk->heap, 0, &walk->stats.cached_blocks, &walk->stats.cached_bytes);
        *left -= HEAP_ENTRIES;
    }
}

static void add_process(superslab_stats *out) {
    ss_heaps_lost_read(out);
    if (ss_source_now() != NULL)
        ss_source_now()->add_cached(out);
    out->live_blocks += ss_empty_live(); /* of no bytes */
    out->live_blocks = less(out->live_blocks, out->cached_blocks);
    out->live_bytes = less(out->live_bytes, out->cached_bytes);
    /* A guarded block has a page, as a large one has granules. */
    const uint64_t guarded_bytes = (uint64_t)ss_places_used() * ss_places_page_bytes();
    out->live_blocks += ss_places_used();
    out->live_bytes += guarded_bytes;
    out->large_bytes += guarded_bytes;
    out->guard_rate = ss_guard_rate();
    out->guard_samples = ss_guard_samples();
    out->guarded_blocks = ss_places_used();
    ss_counts_read(out);
    out->committed_bytes = ss_committed_all() + guarded_bytes;
    out->thread_count = ss_process_threads();
}

bool ss_stats_continue(ss_stats_walk *walk, uint32_t entries) {
    uint32_t left = entries;
    add_spaces(walk, &left);
    if (walk->place < SS_SPACE_COUNT)
        return false;
    add_heaps(walk, &left);
    if (walk->heap != NULL)
        return false;
    add_process(&walk->stats);
    return true;
}

static void stats_take(superslab_stats *out) {
    ss_stats_walk walk = {.place = 0};
    while (!ss_stats_continue(&walk, UINT32_MAX))
        ;
    *out = walk.stats;
}

bool ss_stats_take(superslab_stats *out) {
    /* The acquire here and the fence below pair with flushes_begin and flushes_end in park.c. */
    uint32_t before = atomic_load_explicit(&ss_flushes, memory_order_acquire);
    stats_take(out);
    atomic_thread_fence(memory_order_acquire);
    return before % 2 == 0 && atomic_load_explicit(&ss_flushes, memory_order_relaxed) == before;
}
