/* The ring of the slabs of one class that a heap owns: it takes from the first one, and a slab that it has emptied and let
 * go comes back as the last one with the first block that the heap gives back to it. All of it belongs to the owner. */
#ifndef SS_RING_H
#define SS_RING_H

#include "slab/slab.h"

/* The slabs of one class that a heap owns, all of one space, linked in a ring by their `next` and `prev`. */
typedef struct ss_ring {
    ss_slab *first;         /* taken from; NULL while there is none */
    _Atomic uint32_t count; /* the scavenger reads it */
} ss_ring;

/* Puts a slab that the heap owns into its ring, as the last one; takes it out. */
void ss_ring_add(ss_ring *ring, ss_slab *slab);
void ss_ring_drop(ss_ring *ring, ss_slab *slab);

static inline uint32_t ss_ring_count(const ss_ring *ring) {
    return atomic_load_explicit(&ring->count, memory_order_relaxed);
}

/* Lets go of all of them. */
void ss_ring_end(ss_ring *ring);

/* Called once a tick: lets go of those, but the first, to which nothing has been given since the last call. */
void ss_ring_age(ss_ring *ring);

/* Whether a slab of the space may come into the ring. */
static inline bool ss_ring_takes(const ss_ring *ring, const ss_space *space) {
    return ring->first == NULL || ss_slab_read(ring->first).space == space->index;
}

#endif
