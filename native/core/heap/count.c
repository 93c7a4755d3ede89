#include "heap/count.h"

#include "heap/large_cache.h"
#include "profile/chance.h"
#include "profile/profile.h"

/* ---- on and off ---- */

static void table_set(ss_thread *thread, bool on) {
    for (unsigned step = 0; step < SS_TINY_STEPS; step++) {
        const unsigned bin = ss_bin_first(ss_thread_step_bin(thread, step));
        ss_thread_step_set(thread, step, on ? ss_bin_counted(bin) : bin);
    }
}

/* Writes the header into the vacant slots of the bin. */
static void vacant_set(ss_heap *heap, unsigned bin, unsigned header) {
    void **slots = ss_bin_slots(heap, bin);
    const uint32_t capacity = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    for (uint32_t i = ss_bin_blocks(heap, bin) + 1; i <= capacity; i++)
        slots[i] = ss_bin_vacant(header);
}

void ss_count_mend(const ss_heap *heap, ss_thread *thread) {
    table_set(thread, heap->count.on);
    atomic_store_explicit(&thread->counts, heap->count.on, memory_order_relaxed);
}

static int64_t draw(ss_heap *heap) {
    return ss_chance_draw(&heap->count.random, ss_profile_mean());
}

/* The number of blocks of a tiny class before the next that is sampled. */
static int64_t draw_blocks(ss_heap *heap, unsigned tiny) {
    return (int64_t)((uint64_t)draw(heap) / ss_bin_stride(SS_BIN_HEADED + tiny));
}

static void set(ss_heap *heap, ss_thread *thread, bool on, ss_faults *faults) {
    if (heap->count.on == on)
        return;
    /* Before the bins: the cold paths of other threads look for blocks with second headers from now on. */
    if (on) {
        atomic_store_explicit(&ss_process->heaps.counted, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&ss_process->heaps.watched, SS_WATCHED_HEAP,
                                  memory_order_relaxed);
    }
    for (unsigned bin = SS_BIN_HEADED; ss_bin_is_tiny(bin); bin++) {
        if (!on || SS_HARDENED)
            ss_heap_end_counted(heap, bin, faults);
        vacant_set(heap, bin, on ? ss_bin_counted(bin) : bin);
    }
    heap->count.on = on;
    if (on) {
        for (unsigned tiny = 0; tiny < SS_TINY_COUNT; tiny++)
            heap->count.left[tiny] = draw_blocks(heap, tiny);
        heap->count.left_bytes = draw(heap);
        ss_large_cache_flush(heap);
    }
    ss_count_mend(heap, thread);
    if (!on)
        atomic_fetch_sub_explicit(&ss_process->heaps.watched, SS_WATCHED_HEAP,
                                  memory_order_relaxed);
}

SS_COLD void ss_count_set_parked(ss_heap *heap, ss_faults *faults) {
    set(heap, heap->thread, ss_is_profiled(), faults);
}

/* Whether its thread counts is read from the thread's record, which the heap's thread_lock keeps. */
SS_COLD bool ss_count_seems_late(ss_heap *heap) {
    bool late = false;
    if (!ss_lock_try(&heap->thread_lock))
        return true;
    if (heap->thread != NULL)
        late =
            atomic_load_explicit(&heap->thread->counts, memory_order_relaxed) != ss_is_profiled();
    ss_lock_release(&heap->thread_lock);
    return late;
}

void ss_count_want(bool on) {
    /* Relaxed: a thread that sees it late counts late. */
    if (on)
        atomic_fetch_or_explicit(&ss_process->heaps.watched, SS_WATCHED_BY_PROFILE,
                                 memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&ss_process->heaps.watched, ~SS_WATCHED_BY_PROFILE,
                                  memory_order_relaxed);
}

SS_COLD uint32_t ss_count_set_label(ss_heap *heap, uint32_t label) {
    const uint32_t before = heap->count.label;
    heap->count.label = label;
    return before;
}

SS_COLD void ss_count_begin(ss_heap *heap, ss_thread *thread) {
    ss_faults none = {.count = 0}; /* nothing is given back: its bins keep what they have */
    ss_count_mend(heap, thread);
    set(heap, thread, ss_is_profiled(), &none);
}

SS_COLD void ss_count_end(ss_heap *heap, ss_thread *thread, ss_faults *faults) {
    set(heap, thread, false, faults);
}

SS_COLD void ss_count_inherit(uint32_t heaps) {
    atomic_store_explicit(&ss_process->heaps.watched,
                          ss_watched() % SS_WATCHED_HEAP + heaps * SS_WATCHED_HEAP,
                          memory_order_relaxed);
}

SS_COLD void ss_count_settle(ss_heap *heap, ss_faults *faults) {
    if (!ss_lock_try(&heap->thread_lock))
        return;
    if (heap->thread != NULL) {
        set(heap, heap->thread, ss_is_profiled(), faults);
        ss_thread_open(heap->thread, heap);
    }
    ss_lock_release(&heap->thread_lock);
}

/* ---- counting ---- */

bool ss_count_is_due(ss_heap *heap, size_t bytes) {
    if (SS_LIKELY(heap->count.left_bytes >= (int64_t)bytes)) {
        heap->count.left_bytes -= (int64_t)bytes;
        return false;
    }
    heap->count.left_bytes = draw(heap);
    return true;
}

void *ss_count_take(ss_heap *heap, unsigned bin, uint8_t *header) {
    const unsigned counted = ss_bin_counted(bin), tiny = bin - SS_BIN_HEADED;
    int64_t *left = &heap->count.left[tiny];
    *header = (uint8_t)counted;
    void *block =
        ss_heap_pop(heap, ss_bin_outlet(counted)); /* a thread that was closed comes here too */
    if (block != NULL)
        return block;
    uint32_t count = ss_heap_stock(heap, bin, SS_COUNT_LEAST);
    if (SS_UNLIKELY(count == 0))
        return NULL;
    block = ss_heap_pop(heap, bin);
    if (SS_UNLIKELY(*left == 0)) {
        *left = draw_blocks(heap, tiny);
        *header = SS_HEADER_SAMPLED;
        return block;
    }
    /* This block is counted, and more as far as the next sample allows. */
    --*left;
    count--;
    if (SS_UNLIKELY(*left < count))
        count = (uint32_t)*left;
    if (count != 0)
        *left -= ss_heap_move(heap, bin, count);
    return block;
}
