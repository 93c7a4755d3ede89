/* A thread's bins: filled and emptied in batches. Every function is called by whoever has the heap
 * to itself: its thread inside the allocator, or the thread that parked it. */
#ifndef SS_HEAP_H
#define SS_HEAP_H

#include "slab.h"

/* A heap that no thread has, or NULL without memory. */
ss_heap *ss_heap_acquire(void);

/* Makes the thread's tops those of the heap's bins. */
void ss_heap_attach(ss_heap *heap, ss_thread *thread);

/* Flushes all bins, abandons all slabs and leaves the heap to the next thread. */
void ss_heap_give_up(ss_heap *heap, ss_faults *faults);

/* In a child, of a heap whose thread is gone: leaves it to the next new thread, if it may `list` it. If the thread was
 * outside the allocator it is whole; one that was in the middle of something is emptied, and what it held is
 * lost to the child, at most what a thread's bins may hold. */
void ss_heap_inherit(ss_heap *heap, bool list);

/* Later, with the heap's thread_lock held, of one that the child's thread was about to flush. */
void ss_heap_forsake(ss_heap *heap);

/* In a child, of the heap that its thread has. If it was being flushed by a thread that had parked this one, it is
 * emptied likewise. False while the thread is being born or about to end. */
bool ss_heap_keep(ss_heap *heap);

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

/* Blocks in a bin; whoever has the heap or holds its top_lock may ask. */
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

/* One block without a heap, for threads that have none; NULL without memory. */
void *ss_heapless_take(unsigned bin);

#endif
