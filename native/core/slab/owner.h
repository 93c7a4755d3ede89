/* What the owner of a slab does by plain stores: a heap gives blocks back to the slabs that it owns, and takes
 * from them, in bits that no other thread writes. Every function is called by the slab's owner. */
#ifndef SS_OWNER_H
#define SS_OWNER_H

#include "base/signal.h"
#include "slab/slab.h"

/* Whether heaps keep slabs of the class at present; those with one word of bits never, for their blocks come back
 * several at a time. Relaxed, both: what a heap has is its own whatever they say. */
static inline bool ss_owner_keeps(const ss_class *class) {
    if (class->capacity <= 64 * SS_RING_LEAST_WORDS)
        return false;
    const uint32_t keeping = atomic_load_explicit(&ss_signals->keeping, memory_order_relaxed);
    return keeping == SS_KEEPING_ALONE ||
           (keeping == SS_KEEPING_BY_COUNT &&
            atomic_load_explicit(&ss_process->thread_count, memory_order_relaxed) <= 1);
}

/* Takes up to `count` blocks by the owner's bits, to `end[-1]` and down, the lowest first; how many. */
uint32_t ss_owner_take(ss_slab *slab, ss_slab_view view, void **end, uint32_t count);

/* Gives one block back by the owner's bits. False if it was free already. */
static inline bool ss_owner_give(ss_slab *slab, const ss_class *class, uint32_t index,
                                 uint64_t state) {
    const uint32_t word = index / 64;
    const uint64_t bit = UINT64_C(1) << (index % 64);
    _Atomic uint64_t *owned = ss_slab_owned(slab, class) + word;
    uint64_t bits = atomic_load_explicit(owned, memory_order_relaxed);
    if (SS_UNLIKELY((bits & bit) != 0) ||
        /* While nothing is counted there nothing is set, but what is on its way: see ss_owner_share. */
        ((state & SS_STATE_COUNT) != 0 &&
         (atomic_load_explicit(&slab->bits[word], memory_order_relaxed) & bit) != 0))
        return false;
    atomic_store_explicit(owned, bits | bit, memory_order_relaxed);
    slab->words |= UINT64_C(1) << word;
    /* Only this thread writes it. */
    atomic_store_explicit(&slab->owner_free,
                          atomic_load_explicit(&slab->owner_free, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return true;
}

/* Moves the owner's bits to the others', of a slab that is about to be let go; how many. */
uint32_t ss_owner_share(ss_slab *slab);

/* In a child, of a slab whose owner's thread is gone: moves the owner's bits to the others'; how many blocks are free. */
uint64_t ss_owner_inherit(ss_slab *slab);

#endif
