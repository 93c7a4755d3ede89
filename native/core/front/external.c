/* Regions of the caller's memory. Each is an external space. No heap owns its slabs; a call owns one for a batch. */
#include "background/attend.h"
#include "front/init.h"
#include "slab/block.h"
#include "slab/give.h"
#include "slab/purge.h"
#include "space/dirty.h"
#include "space/grow.h"
#include "space/large.h"

#include <errno.h>

/* The handle is the space itself. */
static ss_space *space_of(superslab_region *region) {
    return (ss_space *)(void *)region;
}

SUPERSLAB_EXPORT superslab_region *superslab_region_adopt(void *base, size_t bytes, size_t limit) {
    size_t page = ss_os_page_bytes();
    if (base == NULL || ((uintptr_t)base & (page - 1)) != 0 || bytes > limit ||
        limit > SS_EXTERNAL_MAX_BYTES || limit < SS_GRANULE_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    ss_process_init();
    ss_space *space = ss_space_adopt(base, bytes & ~(SS_GRANULE_BYTES - 1),
                                     limit & ~(SS_GRANULE_BYTES - 1), NULL);
    if (space == NULL)
        errno = ENOMEM;
    return (superslab_region *)(void *)space;
}

SUPERSLAB_EXPORT void superslab_region_grow(superslab_region *region, size_t bytes) {
    ss_space_grow_external(space_of(region), bytes & ~(SS_GRANULE_BYTES - 1));
}

static void set_no_room(ss_space *space) {
    size_t now = ss_space_usable_bytes(space);
    errno = now < ss_space_bytes(space) ? EAGAIN : ENOMEM;
}

static size_t take_large(ss_space *space, size_t size, uint32_t *offsets, size_t count) {
    uint32_t granules = (uint32_t)((size + SS_GRANULE_BYTES - 1) >> SS_GRANULE_SHIFT);
    size_t taken = 0;
    for (; taken < count; taken++) {
        uint32_t first = ss_space_take(space, granules, 1, NULL);
        if (first == SS_NO_SPAN)
            break;
        offsets[taken] = first << SS_GRANULE_SHIFT;
    }
    return taken;
}

static size_t take_small(ss_space *space, size_t size, uint32_t *offsets, size_t count) {
    enum { BATCH = 64 };
    unsigned bin = ss_headless_bin(size == 0 ? 1 : size);
    ss_slab *slab;
    size_t taken = 0;
    while (taken < count && (slab = ss_slab_acquire(bin, 0, space)) != NULL) {
        void *blocks[BATCH];
        uint32_t got = 1;
        while (taken < count && got != 0) {
            size_t want = count - taken < BATCH ? count - taken : BATCH;
            got = ss_slab_take(slab, blocks, (uint32_t)want);
            for (uint32_t i = 0; i < got; i++)
                offsets[taken++] = (uint32_t)ss_space_offset(space, (uintptr_t)blocks[i]);
        }
        ss_slab_abandon(slab);
    }
    return taken;
}

/* If the space cannot grow or has no record left, ends its free slabs and purges its runs. That also joins them,
 * because purged runs are not joined with dirty ones. False if the caller should make the region larger instead. */
static SS_COLD bool make_room(ss_space *space) {
    if (ss_space_usable_bytes(space) != ss_space_bytes(space) && !ss_slab_records_spent(space))
        return false;
    ss_purge_whole_slabs(space);
    ss_span_purge(space, 0);
    return true;
}

static size_t take(ss_space *space, size_t size, uint32_t *offsets, size_t count) {
    return size > SS_HEADLESS_MAX ? take_large(space, size, offsets, count)
                                  : take_small(space, size, offsets, count);
}

SUPERSLAB_EXPORT size_t superslab_region_take(superslab_region *region, size_t size,
                                              uint32_t *offsets, size_t count) {
    ss_space *space = space_of(region);
    if (size > ss_space_bytes(space)) {
        errno = ENOMEM;
        return 0;
    }
    size_t taken = take(space, size, offsets, count);
    if (taken == 0 && count != 0 && make_room(space))
        taken = take(space, size, offsets, count);
    ss_attend_without_report();
    if (taken == 0 && count != 0)
        set_no_room(space);
    return taken;
}

static bool give_large(ss_space *space, uint32_t offset) {
    return offset % SS_GRANULE_BYTES == 0 && ss_large_give(space, offset >> SS_GRANULE_SHIFT);
}

SUPERSLAB_EXPORT size_t superslab_region_give(superslab_region *region, const uint32_t *offsets,
                                              size_t count) {
    enum { BATCH = 64 };
    ss_space *space = space_of(region);
    size_t given = 0;
    ss_faults faults = {.count = 0};
    ss_giver giver = {.wanted = SS_BIN_COUNT, .space = space};
    void *blocks[BATCH];
    uint32_t held = 0, known = SS_NO_SPAN;
    for (size_t i = 0; i < count; i++) {
        uintptr_t address = ss_space_at(space, offsets[i]);
        uint32_t granule = offsets[i] >> SS_GRANULE_SHIFT;
        if (offsets[i] >= ss_space_bytes(space))
            continue;
        /* The caller may pass any offset, so only those that the registry calls part of a slab are given to slabs. */
        if (granule != known && ss_slab_find(space, address) == NULL) {
            given += give_large(space, offsets[i]);
            continue;
        }
        known = granule;
        blocks[held++] = (void *)address;
        if (held == BATCH) {
            given += ss_slab_give(blocks, held, SS_BIN_COUNT, &giver, &faults);
            held = 0;
        }
    }
    given += ss_slab_give(blocks, held, SS_BIN_COUNT, &giver, &faults);
    ss_attend_without_report();
    return given;
}

SUPERSLAB_EXPORT size_t superslab_region_usable_size(superslab_region *region, uint32_t offset) {
    ss_space *space = space_of(region);
    if (offset >= ss_space_bytes(space))
        return 0;
    ss_block found;
    const uintptr_t address = ss_space_at(space, offset);
    ss_block_find(address, &found);
    return found.state == SS_BLOCK_LIVE && found.start == address ? found.usable : 0;
}

SUPERSLAB_EXPORT void superslab_region_retire(superslab_region *region) {
    if (region != NULL)
        ss_space_retire(space_of(region));
}
