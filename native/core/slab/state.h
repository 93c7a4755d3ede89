/* Reads and writes of a slab's state, which says which heap owns the slab. Giving to a slab, adopting, abandoning and
 * ending it go through these functions. The orders and their reasons stand at the calls.
 *
 * SUPERSLAB_TEST_RAW_OWNERSHIP, for tests alone, replaces the atomic accesses by plain ones, which is wrong:
 * `npm run test:ownership` shows what fails then. */
#ifndef SS_STATE_H
#define SS_STATE_H

#include "slab/slab.h"

/* One giver inside a slab of an external space. A block of malloc is given back by the thread that has it, and keeps
 * its slab alive until it is counted. In an external space any caller may give any block, also twice at the same time.
 * So a giver enters the slab first, which keeps it from ending, and then checks that the record still is the slab that
 * it looked up. No slab there has an owner with a number, so that part of the state counts the givers inside. */
#define SS_STATE_GIVER (UINT64_C(1) << SS_STATE_OWNER_SHIFT)

/* The number of givers inside a slab of the space, in the owner's part of the state. */
static inline uint64_t ss_state_givers(const ss_space *space, uint64_t state) {
    return ss_space_is_external(space) ? state & ~(SS_STATE_GIVER - 1) : 0;
}

/* Whether the slab has ended, or is about to: its record may still be in the registry. Relaxed: a hint. */
static inline bool ss_slab_is_dead(const ss_slab *slab) {
    return (atomic_load_explicit(&slab->state, memory_order_relaxed) & SS_STATE_DEAD) != 0;
}

/* The number of the slab's blocks that are in use or in bins. Relaxed, both: exact while nothing changes. */
static inline uint64_t ss_slab_blocks_out(const ss_slab *slab, const ss_class *class) {
    const uint64_t state = atomic_load_explicit(&slab->state, memory_order_relaxed);
    const uint64_t free =
        (state & SS_STATE_COUNT) + atomic_load_explicit(&slab->owner_free, memory_order_relaxed);
    /* A dead slab that is still registered is about to leave the registry, or a fork lost the thread that ended it. */
    return state & SS_STATE_DEAD || free > ss_class_capacity(class)
               ? 0
               : ss_class_capacity(class) - free;
}

/* Whether the heap with that number owns the slab. Relaxed: if it is the caller's, only the caller ends that. */
static inline bool ss_slab_is_owned_by(const ss_slab *slab, uint32_t owner) {
    const uint64_t state = atomic_load_explicit(&slab->state, memory_order_relaxed);
    return (state & SS_STATE_OWNED) != 0 && state >> SS_STATE_OWNER_SHIFT == owner;
}

#ifndef SUPERSLAB_TEST_RAW_OWNERSHIP

static inline uint64_t ss_state_load(const ss_slab *slab, memory_order order) {
    return atomic_load_explicit(&slab->state, order);
}

static inline void ss_state_store(ss_slab *slab, uint64_t state, memory_order order) {
    atomic_store_explicit(&slab->state, state, order);
}

/* One try, which may fail spuriously. After a failure *state is the current value. */
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

/* The number of the slab's free blocks, for the heap that owns it. Relaxed, both: other threads only raise the number. */
static inline uint32_t ss_slab_blocks_free(const ss_slab *slab) {
    return (uint32_t)(ss_state_load(slab, memory_order_relaxed) & SS_STATE_COUNT) +
           atomic_load_explicit(&slab->owner_free, memory_order_relaxed);
}

#endif
