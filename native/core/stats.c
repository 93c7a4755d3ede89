/* Nothing is counted on the hot paths; all is added up from slabs and bins when asked. */
#include "stats.h"

#include "heap.h"
#include "window.h"

static void add_slab(const ss_slab *slab, const ss_class *class, superslab_stats *out) {
    uint64_t state = atomic_load_explicit(&slab->state, memory_order_relaxed);
    uint64_t bytes = (uint64_t) class->granules << SS_GRANULE_SHIFT;
    /* A dead slab that is still registered is about to go, or its thread did not come through a fork. */
    uint64_t out_blocks = state & SS_STATE_DEAD ? 0 : class->capacity - (state & SS_STATE_COUNT);
    out->slab_count++;
    out->slab_bytes += bytes;
    out->live_blocks += out_blocks;
    out->live_bytes += out_blocks * class->stride;
    out->slab_free_bytes += bytes - out_blocks * class->stride;
}

void ss_stats_add_space(ss_space *space, superslab_stats *out) {
    ss_biased_take(&space->lock);
    uint32_t granules = space->granule_count;
    if (space->kind != SS_SPACE_EXTERNAL || space->live != NULL)
        out->dirty_bytes += (uint64_t)(space->dirty_granules + space->returning_granules)
                            << SS_GRANULE_SHIFT;
    ss_biased_release(&space->lock);
    for (uint32_t i = 0; i < granules;) {
        uint32_t entry = ss_entry_get(space, i), value = entry & SS_ENTRY_VALUE;
        switch (ss_entry_kind_of(entry)) {
        case SS_ENTRY_SLAB: {
            const ss_slab *slab = ss_slab_of_id(space, value);
            ss_slab_view view = ss_slab_look(slab);
            if (view.granule == i) { /* or it has gone since */
                add_slab(slab, view.class, out);
                i += view.class->granules;
            } else {
                i++;
            }
            break;
        }
        case SS_ENTRY_LARGE:
            if (value != 0) {
                out->live_blocks++;
                out->live_bytes += (uint64_t)value << SS_GRANULE_SHIFT;
                out->large_bytes += (uint64_t)value << SS_GRANULE_SHIFT;
            }
            i += value != 0 ? value : 1;
            break;
        case SS_ENTRY_NONE:
            i++;
            break;
        }
    }
}

static void add_heap(ss_heap *heap, superslab_stats *out) {
    /* Its thread's block is there no longer than it may be looked at. */
    ss_lock_take(&heap->top_lock);
    for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++) {
        uint64_t blocks = ss_bin_blocks(heap, bin);
        out->cached_blocks += blocks;
        out->cached_bytes += blocks * ss_process->classes[bin].stride;
    }
    ss_lock_release(&heap->top_lock);
}

/* What is in bins was counted as live, seen from the slabs. */
static uint64_t less(uint64_t from, uint64_t what) {
    return from > what ? from - what : 0;
}

static void stats_take(superslab_stats *out) {
    *out = (superslab_stats){0};
    for (uint32_t i = 0, count = ss_space_own_count(); i < count; i++)
        ss_stats_add_space(ss_space_own(i), out);
    /* Relaxed: as in ss_space_find_external. */
    uint32_t externals = atomic_load_explicit(&ss_process->external_count, memory_order_relaxed);
    const unsigned phase = ss_external_begin();
    for (uint32_t i = 0; i < externals; i++) {
        ss_space *space =
            atomic_load_explicit(&ss_process->spaces[SS_OWN_SPACE_COUNT + i], memory_order_seq_cst);
        if (space != NULL)
            ss_stats_add_space(space, out);
    }
    ss_external_end(phase);
    for (ss_heap *heap = atomic_load_explicit(&ss_process->heaps, memory_order_acquire);
         heap != NULL; heap = heap->next)
        add_heap(heap, out);
    out->lost_blocks = atomic_load_explicit(&ss_process->lost_blocks, memory_order_relaxed);
    out->lost_bytes = atomic_load_explicit(&ss_process->lost_bytes, memory_order_relaxed);
    ss_windows_add_cached(out);
    out->live_blocks = less(out->live_blocks, out->cached_blocks);
    out->live_bytes = less(out->live_bytes, out->cached_bytes);
    out->metadata_bytes = atomic_load_explicit(&ss_process->metadata_bytes, memory_order_relaxed);
    out->reserved_bytes = atomic_load_explicit(&ss_process->reserved_bytes, memory_order_relaxed);
    for (unsigned kind = 0; kind < SS_SPACE_EXTERNAL; kind++)
        out->committed_bytes +=
            atomic_load_explicit(&ss_process->committed_bytes[kind], memory_order_relaxed);
    out->given_back_bytes =
        atomic_load_explicit(&ss_process->given_back_bytes, memory_order_relaxed);
    out->thread_count = atomic_load_explicit(&ss_process->thread_count, memory_order_relaxed);
    out->guarded_reads = atomic_load_explicit(&ss_process->guarded_reads, memory_order_relaxed);
    out->foreign_frees = atomic_load_explicit(&ss_process->foreign_frees, memory_order_relaxed);
}

bool ss_stats_look(superslab_stats *out) {
    /* Acquire, and the fence: see flushes_begin in park.c. */
    uint32_t before = atomic_load_explicit(&ss_process->flushes, memory_order_acquire);
    stats_take(out);
    atomic_thread_fence(memory_order_acquire);
    return before % 2 == 0 &&
           atomic_load_explicit(&ss_process->flushes, memory_order_relaxed) == before;
}

/* The background thread may flush the bins of threads that sleep meanwhile: then once more. Not for ever, for
 * another thread may trim all the time. */
enum { TRIES = 16 };

SUPERSLAB_EXPORT void superslab_get_stats(superslab_stats *out) {
    ss_process_init();
    for (unsigned i = 0; i < TRIES && !ss_stats_look(out); i++)
        for (unsigned spins = 0;
             atomic_load_explicit(&ss_process->flushes, memory_order_relaxed) % 2 != 0; spins++)
            ss_lock_wait(spins);
}
