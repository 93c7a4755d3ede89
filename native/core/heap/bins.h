/* The bins of a heap, filled and emptied in batches. Only the thread that has the heap calls these functions. */
#ifndef SS_BINS_H
#define SS_BINS_H

#include "base/signal.h"
#include "heap/heap.h"

/* ---- room, blocks ---- */

/* The slots of a bin without room: the bottom and the lid. Bins of threads without a heap, and bins that were not used
 * yet, have these. */
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

/* The blocks for which a bin has room. */
static inline uint16_t ss_bin_capacity(const ss_heap *heap, unsigned bin) {
    return atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
}

/* A bin's first capacity. It is smaller for large blocks, so that one live block is not charged for
 * SS_BIN_FIRST_BLOCKS of them. Growth leads from each of the numbers to SS_BIN_FIRST_BLOCKS. */
static inline uint32_t ss_bin_first_blocks(uint32_t stride) {
    return stride <= SS_BIN_FIRST_BYTES / SS_BIN_FIRST_BLOCKS ? SS_BIN_FIRST_BLOCKS
           : stride <= SS_BIN_FIRST_BYTES / 6                 ? 6
                                                              : 2;
}

/* The heap's bins have room for `bytes` less. */
static inline void ss_bins_shrunk(ss_heap *heap, size_t bytes) {
    atomic_fetch_sub_explicit(&ss_signals->bins_bytes, bytes, memory_order_relaxed);
    heap->bins_bytes -= bytes;
}

/* The number of blocks in a bin. The caller has the heap or holds its top_lock. */
static inline uint32_t ss_bin_blocks(const ss_heap *heap, unsigned bin) {
    if (heap->top == NULL)
        return heap->bin[bin].left;
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    void **slots = atomic_load_explicit(&heap->bin[bin].slots, memory_order_relaxed);
    uint32_t capacity = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    /* The three loads may not fit together while the heap's thread works. */
    ptrdiff_t blocks = top - slots;
    return blocks < 0 || blocks > (ptrdiff_t)capacity ? 0 : (uint32_t)blocks;
}

/* Adds the blocks in the heap's bins, from the bin `first` on, and their bytes. */
static inline void ss_heap_add_cached(ss_heap *heap, unsigned first, uint64_t *blocks,
                                      uint64_t *bytes) {
    /* The lock keeps the thread record, which has the tops, from going away meanwhile. */
    ss_lock_take(&heap->top_lock);
    for (unsigned bin = first; bin < SS_BIN_COUNT; bin++) {
        const uint64_t count = ss_bin_blocks(heap, bin);
        *blocks += count;
        *bytes += count * ss_bin_stride(bin);
    }
    ss_lock_release(&heap->top_lock);
}

/* Pops the block on top; NULL if the bin is empty. */
static inline void *ss_bin_pop(_Atomic(void **) tops[SS_BIN_COUNT], unsigned bin) {
    void **top = atomic_load_explicit(&tops[bin], memory_order_relaxed), *block = *top;
    if (block == NULL)
        return NULL;
    *top = ss_bin_vacant(bin);
    atomic_store_explicit(&tops[bin], top - 1, memory_order_relaxed);
    return block;
}

/* The same for the thread that has the heap, open or closed. */
static inline void *ss_heap_pop(ss_heap *heap, unsigned bin) {
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed), *block = *top;
    if (block == NULL)
        return NULL;
    *top = ss_bin_vacant(bin);
    atomic_store_explicit(&heap->top[bin], top - 1, memory_order_relaxed);
    return block;
}

/* Pushes a block; false if the bin is full. */
static inline bool ss_bin_push(_Atomic(void **) tops[SS_BIN_COUNT], unsigned bin, void *block) {
    void **top = atomic_load_explicit(&tops[bin], memory_order_relaxed);
    if (top[1] == SS_BIN_LID)
        return false;
    top[1] = block;
    atomic_store_explicit(&tops[bin], top + 1, memory_order_relaxed);
    return true;
}

/* ---- batches ---- */

/* The bin's outlet is empty: takes a batch from a slab, or hardened from the bin, and returns one block of it, or NULL. */
void *ss_heap_refill(ss_heap *heap, unsigned bin);

/* Takes a block of the bin's class: from the outlet, or after a refill. NULL without memory. */
static inline void *ss_heap_take(ss_heap *heap, unsigned bin) {
    void *block = ss_heap_pop(heap, ss_bin_outlet(bin));
    return block != NULL ? block : ss_heap_refill(heap, bin);
}

/* The system refuses memory: flushes the heap, which may end slabs, and tries again. Failing that, takes a block of a
 * larger class and sets *bin to that class's bin. NULL if there is none. */
void *ss_heap_scrape(ss_heap *heap, unsigned *bin, ss_faults *faults);

/* The bin is full: flushes its older half, or gives it more room, then pushes the block. */
void ss_heap_overflow(ss_heap *heap, unsigned bin, void *block, ss_faults *faults);

/* Flushes all bins and abandons all slabs. */
void ss_heap_flush(ss_heap *heap, ss_faults *faults);

/* The same, but stops after the bin at which ss_os_clock_nanoseconds() has passed `until`. Then it returns false, and
 * the heap can be used as it is. */
#define SS_FLUSH_ALL UINT64_MAX
bool ss_heap_flush_until(ss_heap *heap, uint64_t until, ss_faults *faults);

/* Called once a tick by the thread that has parked the heap's thread. If the older half of a bin is unchanged since the
 * last call, flushes that half. A bin that has stayed empty loses its room and its slabs. Ages the rings and the large
 * cache too. So unused blocks go back within a few ticks, and blocks in use stay. */
void ss_heap_age(ss_heap *heap, ss_faults *faults);

/* Fills the bin's outlet to at least `count` blocks if its limit allows. Returns how many it then holds. */
uint32_t ss_heap_fill(ss_heap *heap, unsigned bin, uint32_t count);

/* Takes one block from a slab, for a thread without a heap. NULL without memory. */
void *ss_heapless_take(unsigned bin);

/* Notes that the heap was flushed: the scavenger skips it until its thread takes a cold path again. */
static inline void ss_heap_note_flushed(ss_heap *heap) {
    /* Relaxed: the scavenger only compares two counts; it accesses the heap by the protocol of parking. */
    atomic_store_explicit(&heap->cold_flushed,
                          atomic_load_explicit(&heap->cold, memory_order_relaxed),
                          memory_order_relaxed);
}

#endif
