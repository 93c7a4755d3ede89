#include "slab/ring.h"

#include "slab/state.h"

static uint32_t next_of(const ss_slab *slab) {
    return atomic_load_explicit(&slab->next, memory_order_relaxed);
}

static void next_set(ss_slab *slab, uint32_t id) {
    atomic_store_explicit(&slab->next, id, memory_order_relaxed);
}

/* Only the owner writes it. */
static void count_set(ss_ring *ring, uint32_t count) {
    atomic_store_explicit(&ring->count, count, memory_order_relaxed);
}

/* A ring of one slab is linked when a second one comes. */
void ss_ring_add(ss_ring *ring, ss_slab *slab) {
    const uint32_t count = ss_ring_count(ring);
    count_set(ring, count + 1);
    if (count == 0) {
        ring->first = slab;
        return;
    }
    const ss_space *space = ss_slab_space(ss_slab_read(slab));
    const uint32_t id = ss_slab_id(space, slab), first = ss_slab_id(space, ring->first);
    const uint32_t last = count == 1 ? first : ring->first->prev;
    next_set(slab, first);
    slab->prev = last;
    next_set(ss_slab_of_id(space, last), id);
    ring->first->prev = id;
}

void ss_ring_drop(ss_ring *ring, ss_slab *slab) {
    const uint32_t count = ss_ring_count(ring);
    count_set(ring, count - 1);
    if (count == 1) {
        ring->first = NULL;
        return;
    }
    const ss_space *space = ss_slab_space(ss_slab_read(slab));
    ss_slab *next = ss_slab_of_id(space, next_of(slab)), *prev = ss_slab_of_id(space, slab->prev);
    next_set(prev, next_of(slab));
    next->prev = slab->prev;
    if (ring->first == slab)
        ring->first = next;
}

void ss_ring_end(ss_ring *ring) {
    for (ss_slab *slab; (slab = ring->first) != NULL;) {
        ss_ring_drop(ring, slab);
        ss_slab_abandon(slab);
    }
}

/* The thread waits meanwhile, so it is done in portions. */
#define AGED_AT_ONCE 256u

void ss_ring_age(ss_ring *ring) {
    const uint32_t count = ss_ring_count(ring);
    if (count < 2)
        return;
    const ss_space *space = ss_slab_space(ss_slab_read(ring->first));
    ss_slab *slab = ss_slab_of_id(space, next_of(ring->first));
    for (uint32_t i = 1; i < count && i < AGED_AT_ONCE; i++) {
        ss_slab *next = ss_slab_of_id(space, next_of(slab));
        uint32_t free = atomic_load_explicit(&slab->owner_free, memory_order_relaxed) +
                        (uint32_t)(ss_state_load(slab, memory_order_relaxed) & SS_STATE_COUNT);
        if (slab->seen_free == free) {
            ss_ring_drop(ring, slab);
            ss_slab_abandon(slab);
        } else {
            slab->seen_free = free;
        }
        slab = next;
    }
    ring->first = slab; /* the next time from here on */
}
