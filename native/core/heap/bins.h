/* The bins of a heap: filled and emptied in batches. Every function is called by the thread that has the heap to itself. */
#ifndef SS_BINS_H
#define SS_BINS_H

#include "base/signal.h"
#include "heap/heap.h"

/* ---- room, blocks ---- */

/* A bin without room: of a thread without a heap, and of a heap until the bin is used. A bottom with the lid on it. */
extern void *const ss_bin_no_slots[SS_BIN_SLOTS_EXTRA] SS_HIDDEN;
#define SS_BIN_NO_SLOTS ((void **)(uintptr_t)ss_bin_no_slots)

static inline void ss_bin_room_set(ss_heap *heap, unsigned bin, void **slots, uint16_t capacity) {
    atomic_store_explicit(&heap->bin[bin].slots, slots, memory_order_relaxed);
    atomic_store_explicit(&heap->bin[bin].capacity, capacity, memory_order_relaxed);
}

static inline void ss_bin_set(ss_heap *heap, unsigned bin, void **slots, uint16_t capacity,
                              uint32_t blocks) {
    ss_bin_room_set(heap, bin, slots, capacity);
    atomic_store_explicit(&heap->top[bin], slots + blocks, memory_order_relaxed);
}

static inline void **ss_bin_slots(const ss_heap *heap, unsigned bin) {
    return atomic_load_explicit(&heap->bin[bin].slots, memory_order_relaxed);
}

/* The heap's bins have less room. */
static inline void ss_bins_shrunk(ss_heap *heap, size_t bytes) {
    atomic_fetch_sub_explicit(&ss_signals->bins_bytes, bytes, memory_order_relaxed);
    heap->bins_bytes -= bytes;
}

/* Blocks in a bin; for a thread that has the heap or holds its top_lock. */
static inline uint32_t ss_bin_blocks(const ss_heap *heap, unsigned bin) {
    if (heap->top == NULL)
        return heap->bin[bin].left;
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    void **slots = atomic_load_explicit(&heap->bin[bin].slots, memory_order_relaxed);
    uint32_t capacity = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    /* Three words read apart may disagree while the owner works. */
    ptrdiff_t blocks = top - slots;
    return blocks < 0 || blocks > (ptrdiff_t)capacity ? 0 : (uint32_t)blocks;
}

/* The block on top, or NULL. */
static inline void *ss_bin_pop(_Atomic(void **) tops[SS_BIN_COUNT], unsigned bin) {
    void **top = atomic_load_explicit(&tops[bin], memory_order_relaxed), *block = *top;
    if (block == NULL)
        return NULL;
    *top = ss_bin_vacant(bin);
    atomic_store_explicit(&tops[bin], top - 1, memory_order_relaxed);
    return block;
}

/* False if there is no room. */
static inline bool ss_bin_push(_Atomic(void **) tops[SS_BIN_COUNT], unsigned bin, void *block) {
    void **top = atomic_load_explicit(&tops[bin], memory_order_relaxed);
    if (top[1] == SS_BIN_LID)
        return false;
    top[1] = block;
    atomic_store_explicit(&tops[bin], top + 1, memory_order_relaxed);
    return true;
}

/* ---- batches ---- */

/* The bin is empty: takes a batch from a slab and returns one block of it, or NULL. */
void *ss_heap_refill(ss_heap *heap, unsigned bin);

/* The system refuses memory: flushes the heap, which may end slabs, and tries again; then takes a block
 * of a larger class and sets *bin to it. NULL if there is none. */
void *ss_heap_scrape(ss_heap *heap, unsigned *bin, ss_faults *faults);

/* The bin is full: flushes its older half, or gives it more room, then pushes the block. */
void ss_heap_overflow(ss_heap *heap, unsigned bin, void *block, ss_faults *faults);

/* Flushes all bins and abandons all slabs. */
void ss_heap_flush(ss_heap *heap, ss_faults *faults);

/* The same bin by bin until all are done, or the clock has passed `until`: then false, and the heap may be used as it
 * is. */
#define SS_FLUSH_ALL UINT64_MAX
bool ss_heap_flush_until(ss_heap *heap, uint64_t until, ss_faults *faults);

/* Called once a tick by who has parked the thread: of the bins whose older half has been there since the last
 * call, gives that half back, and of those that have been empty since then the room and the slab. What nobody
 * asks for goes in a few ticks, what is in use stays. */
void ss_heap_age(ss_heap *heap, ss_faults *faults);

/* Fills the bin with at least `count` blocks if its limit allows; how many it then holds. */
uint32_t ss_heap_fill(ss_heap *heap, unsigned bin, uint32_t count);

/* One block without a heap, for threads that have none; NULL without memory. */
void *ss_heapless_take(unsigned bin);

/* The scavenger need not look at it until its thread takes a cold path again. */
static inline void ss_heap_note_flushed(ss_heap *heap) {
    /* Relaxed: the scavenger compares two counts, and touches the heap by the parking protocol alone. */
    atomic_store_explicit(&heap->cold_flushed,
                          atomic_load_explicit(&heap->cold, memory_order_relaxed),
                          memory_order_relaxed);
}

#endif
