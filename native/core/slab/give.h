/* Giving blocks back to the slabs they are from. */
#ifndef SS_GIVE_H
#define SS_GIVE_H

#include "slab/ring.h"

/* The giver of blocks: a heap, or a thread without one. A heap that has no slab of the bin `wanted` adopts a full slab
 * of that bin to which it gives a block. If it listed the slab instead, its next refill would have to pop it. With
 * SS_BIN_COUNT it adopts none. */
typedef struct ss_giver {
    uint32_t owner; /* the heap's number; 0 for a thread without a heap */
    unsigned wanted;
    ss_ring *ring;   /* the heap's slabs of the blocks' class; NULL for a thread without a heap */
    bool keeps;      /* gives to its own slabs by plain stores; see ss_owner_keeps */
    ss_space *space; /* where the first block probably is, or NULL */
} ss_giver;

/* Gives blocks back to their slabs, whichever heap owns those. Returns the number given; the others are added to
 * `faults`. Every block must be of `bin`, unless that is SS_BIN_COUNT. */
uint32_t ss_slab_give(void *const *blocks, uint32_t count, unsigned bin, ss_giver *giver,
                      ss_faults *faults);

#endif
