/* Conditions for SS_CHECK: what must hold of a space's lock and of its free runs. */
#ifndef SS_SPACE_CHECKS_H
#define SS_SPACE_CHECKS_H

#include "base/base_checks.h"
#include "space/runs.h"

/* Whether the calling thread holds the space's lock. */
static inline bool ss_check_locked(const ss_space *space) {
    return ss_check_held(&space->lock);
}

/* Whether the free run that starts at a granule has its length at both ends, and its count of dirty granules equals the
 * number of bits in the masks. Called with the lock held. */
static inline bool ss_check_run(const ss_space *space, uint32_t first) {
    const ss_granule *node = &space->granules[first];
    const uint32_t length = node->length;
    return length != 0 && space->granules[first + length - 1].length == length &&
           node->dirty == ss_run_dirty(space, first, length);
}

/* Number of dirty releases between two checks of a whole space, each of which reads a cache line a SuperSlab. */
#define SS_CHECK_RELEASES 64u

/* Whether the space's count of dirty granules equals the number of bits in the masks. Called with the lock held. */
static inline bool ss_check_dirty(const ss_space *space) {
    return space->clock % SS_CHECK_RELEASES != 0 ||
           ss_run_dirty(space, 0, space->granule_count) == space->dirty_granules;
}

#endif
