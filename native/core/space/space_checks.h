/* What must hold of a space's lock and of its free runs, for SS_CHECK. */
#ifndef SS_SPACE_CHECKS_H
#define SS_SPACE_CHECKS_H

#include "base/checks.h"
#include "space/runs.h"

/* Whether the calling thread has the lock, as its owner or as any other thread. Relaxed: a thread's token, and what it
 * is inside of, are written by that thread alone. */
static inline bool ss_check_held(const ss_biased_lock *lock) {
    const uint64_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    const ss_biased_owner *self = (const ss_biased_owner *)(uintptr_t)(owner & SS_BIASED_OWNER);
    if (self != NULL && (const void *)self == ss_thread_self()->assigned &&
        atomic_load_explicit(&self->inside, memory_order_relaxed) == lock)
        return true;
    return ss_lock_is_mine(&lock->lock);
}

/* Whether the free run that starts at a granule has its length at both ends, and counts as many dirty granules as the
 * masks have. With the lock held. */
static inline bool ss_check_run(const ss_space *space, uint32_t first) {
    const ss_granule *node = &space->granules[first];
    const uint32_t length = node->length;
    return length != 0 && space->granules[first + length - 1].length == length &&
           node->dirty == ss_run_dirty(space, first, length);
}

/* Releases from one look at the whole space to the next: it takes a cache line for each SuperSlab. */
#define SS_CHECK_RELEASES 64u

/* Whether the space counts as many dirty granules as the masks have. With the lock held. */
static inline bool ss_check_dirty(const ss_space *space) {
    return space->clock % SS_CHECK_RELEASES != 0 ||
           ss_run_dirty(space, 0, space->granule_count) == space->dirty_granules;
}

#endif
