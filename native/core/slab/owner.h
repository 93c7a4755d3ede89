/* Giving to and taking from a slab by its owner. One half of a slab's bits is the owner's: no other thread writes it,
 * so the owner changes it by plain stores. Only the slab's owner calls these functions. */
#ifndef SS_OWNER_H
#define SS_OWNER_H

#include "base/signal.h"
#include "slab/slab.h"

/* Whether heaps keep slabs of the class in their rings at present. Slabs with one word of bits are never kept, because
 * their blocks come back several at a time. Relaxed: a heap owns the slabs that it has at any value. */
static inline bool ss_owner_keeps(const ss_class *class) {
    if (ss_class_capacity(class) <= 64 * SS_RING_LEAST_WORDS)
        return false;
    const uint32_t keeping = atomic_load_explicit(&ss_signals->keeping, memory_order_relaxed);
    return keeping == SS_KEEPING_ALONE ||
           (keeping == SS_KEEPING_BY_COUNT && ss_process_threads() <= 1);
}

/* Takes up to `count` blocks from the owner's bits, the lowest first, and writes them to end[-1], end[-2] and so on.
 * Returns the number taken. */
uint32_t ss_owner_take(ss_slab *slab, ss_slab_view view, void **end, uint32_t count);

/* Gives one block back by setting its owner's bit. False if the block was free already. */
static inline bool ss_owner_give(ss_slab *slab, const ss_class *class, uint32_t index,
                                 uint64_t state) {
    const uint32_t word = index / 64;
    const uint64_t bit = UINT64_C(1) << (index % 64);
    _Atomic uint64_t *owned = ss_slab_owned(slab, class) + word;
    uint64_t bits = atomic_load_explicit(owned, memory_order_relaxed);
    if (SS_UNLIKELY((bits & bit) != 0) ||
        /* While the state counts no block, the only shared bits are of blocks that are not counted yet. A double free
         * among these is found later, by own_check or ss_owner_share (owner.c). */
        ((state & SS_STATE_COUNT) != 0 &&
         (atomic_load_explicit(&slab->bits[word], memory_order_relaxed) & bit) != 0))
        return false;
    atomic_store_explicit(owned, bits | bit, memory_order_relaxed);
    slab->words |= UINT64_C(1) << word;
    /* No read-modify-write: only this thread writes it. */
    atomic_store_explicit(&slab->owner_free,
                          atomic_load_explicit(&slab->owner_free, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return true;
}

/* Moves the owner's bits to the shared ones, before the slab is abandoned. Returns their number, which the state does
 * not count yet. */
uint32_t ss_owner_share(ss_slab *slab);

/* In the child of a fork, for a slab whose owner's thread is gone: moves the owner's bits to the shared ones. Returns
 * the number of free blocks. */
uint64_t ss_owner_inherit(ss_slab *slab);

#endif
