/* Reads and writes of a slab's state, which says who owns it: reclaiming a slab by giving the last block
 * back, adopting, abandoning and ending it (and with that the joining of its granules) go through
 * these. The orders and their reasons stand where they are used.
 *
 * SUPERSLAB_TEST_RAW_OWNERSHIP, for tests alone, makes them the plain reads and writes that they must
 * not be: `npm run test:ownership` shows what that does. */
#ifndef SS_STATE_H
#define SS_STATE_H

#include "slab/slab.h"

/* The blocks of malloc are given back by who has them, and keep their slab alive meanwhile. Blocks of an
 * external space may be given by anybody, twice and at once. So who gives to a slab there enters it first:
 * a slab that somebody is in does not end, and who enters looks again at what the slab is now. Nobody
 * owns a slab there by a number, so the owner's part of the state counts them. */
#define SS_STATE_GIVER (UINT64_C(1) << SS_STATE_OWNER_SHIFT)

/* The givers in a slab of the space, as that part of the state. */
static inline uint64_t ss_state_givers(const ss_space *space, uint64_t state) {
    return space->kind == SS_SPACE_EXTERNAL ? state & ~(SS_STATE_GIVER - 1) : 0;
}

#ifndef SUPERSLAB_TEST_RAW_OWNERSHIP

static inline uint64_t ss_state_load(const ss_slab *slab, memory_order order) {
    return atomic_load_explicit(&slab->state, order);
}

static inline void ss_state_store(ss_slab *slab, uint64_t state, memory_order order) {
    atomic_store_explicit(&slab->state, state, order);
}

/* One try, which may fail for no reason; *state is then what it is. */
static inline bool ss_state_change(ss_slab *slab, uint64_t *state, uint64_t next,
                                   memory_order order, memory_order failure) {
    return atomic_compare_exchange_weak_explicit(&slab->state, state, next, order, failure);
}

static inline void ss_state_subtract(ss_slab *slab, uint64_t count, memory_order order) {
    atomic_fetch_sub_explicit(&slab->state, count, order);
}

#else

static inline uint64_t *ss_state_raw(const ss_slab *slab) {
    return (uint64_t *)(uintptr_t)&slab->state;
}

static inline uint64_t ss_state_load(const ss_slab *slab, memory_order order) {
    (void)order;
    return *ss_state_raw(slab);
}

static inline void ss_state_store(ss_slab *slab, uint64_t state, memory_order order) {
    (void)order;
    *ss_state_raw(slab) = state;
}

static inline bool ss_state_change(ss_slab *slab, uint64_t *state, uint64_t next,
                                   memory_order order, memory_order failure) {
    (void)order;
    (void)failure;
    if (*ss_state_raw(slab) != *state) {
        *state = *ss_state_raw(slab);
        return false;
    }
    *ss_state_raw(slab) = next;
    return true;
}

static inline void ss_state_subtract(ss_slab *slab, uint64_t count, memory_order order) {
    (void)order;
    *ss_state_raw(slab) -= count;
}

#endif

#endif
