/* Giving blocks back to the slabs they are from. */
#ifndef SS_GIVE_H
#define SS_GIVE_H

#include "slab/ring.h"

/* A thread that gives blocks back. A heap that has no slab of the bin `wanted` adopts a full one that it gives to,
 * rather than list it and look for it soon after; SS_BIN_COUNT wants none. */
typedef struct ss_giver {
    uint32_t owner; /* 0 owns none */
    unsigned wanted;
    ss_ring *ring; /* of the owner's slabs of the blocks' class, NULL if it owns none */
    bool keeps;    /* what it gives to slabs of its own goes by plain stores; see ss_owner_keeps */
    ss_space *space; /* where the first block probably is, or NULL */
} ss_giver;

/* Gives blocks back to the slabs they are from, whoever owns those; how many it could. Blocks must
 * be of `bin` unless that is SS_BIN_COUNT. */
uint32_t ss_slab_give(void *const *blocks, uint32_t count, unsigned bin, ss_giver *giver,
                      ss_faults *faults);

#endif
