/* The ring of the slabs of one class that a heap owns. The heap takes from the first slab. A slab that it has emptied
 * and abandoned comes back, as the last one, with the first block that the heap gives to it. Only the thread that
 * has the heap calls these functions, except ss_ring_count. */
#ifndef SS_RING_H
#define SS_RING_H

#include "slab/slab.h"

/* The slabs of one class that a heap owns, all of one space, linked in a ring by their `next` and `prev`. */
typedef struct ss_ring {
    ss_slab *first;         /* the heap takes from it; NULL if the ring is empty */
    _Atomic uint32_t count; /* the scavenger reads it too */
} ss_ring;

/* The slab that the heap takes from, NULL if it owns none. */
static inline ss_slab *ss_ring_first(const ss_ring *ring) {
    return ring->first;
}

/* Adds a slab that the heap owns, as the last one; removes a slab. */
void ss_ring_add(ss_ring *ring, ss_slab *slab);
void ss_ring_drop(ss_ring *ring, ss_slab *slab);

static inline uint32_t ss_ring_count(const ss_ring *ring) {
    return atomic_load_explicit(&ring->count, memory_order_relaxed);
}

/* Abandons all slabs of the ring. */
void ss_ring_end(ss_ring *ring);

/* In the child of a fork: empties a ring whose owner's thread is gone. Its slabs stay as they are. */
static inline void ss_ring_forget(ss_ring *ring) {
    ring->first = NULL;
    atomic_store_explicit(&ring->count, 0, memory_order_relaxed);
}

/* Called once a tick: abandons the slabs that have not changed since they were last looked at, except the first. A call
 * looks at a portion of a long ring. */
void ss_ring_age(ss_ring *ring);

/* Whether a slab of the space may be added: all slabs of a ring are of one space. */
static inline bool ss_ring_takes(const ss_ring *ring, const ss_space *space) {
    return ring->first == NULL || ss_slab_read(ring->first).space == ss_space_place(space);
}

#endif
