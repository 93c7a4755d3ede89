/* What must hold of a slab's state and its bits, for SS_CHECK. */
#ifndef SS_SLAB_CHECKS_H
#define SS_SLAB_CHECKS_H

#include "base/checks.h"
#include "slab/slab.h"
#include "slab/state.h"

/* Whether the slab has set bits for the `count` blocks that its state counted. Called by the owner, which
 * alone clears bits, after it has acquired that state. Relaxed, so that the check adds no order to the code. */
static inline bool ss_check_bits(const ss_slab *slab, const ss_class *class, uint32_t count) {
    uint32_t set = 0;
    for (uint32_t word = 0; word < ss_class_words(class); word++)
        set += ss_popcount(atomic_load_explicit(&slab->bits[word], memory_order_relaxed));
    return count <= ss_class_capacity(class) && set >= count;
}

/* Whether the slab is owned. Relaxed, here and below: the owner wrote that state itself, or got it with the heap. */
static inline bool ss_check_owned(const ss_slab *slab) {
    return (ss_state_load(slab, memory_order_relaxed) & SS_STATE_OWNED) != 0;
}

/* Whether the heap with the number `owner` owns the slab. */
static inline bool ss_check_owner(const ss_slab *slab, uint32_t owner) {
    const uint64_t state = ss_state_load(slab, memory_order_relaxed);
    return (state & SS_STATE_OWNED) != 0 && state >> SS_STATE_OWNER_SHIFT == owner;
}

#endif
