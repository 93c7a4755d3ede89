/* Level 2: what was shut is opened. */
#include "heap/large_cache.h"
#include "space/gap.h"
#include "space/large.h"

void *ss_shut_open(void *block) {
    ss_space *space = ss_space_headless();
    const uint32_t first = ss_space_granule(space, (uintptr_t)block);
    const uint32_t count = (uint32_t)(ss_large_bytes(space, first) >> SS_GRANULE_SHIFT);
    if (ss_gap_open(space, first, count, 0))
        return block;
    ss_large_give(space, first);
    return NULL;
}
