#include "slab/pages.h"

/* A slab's `purged` has one bit a unit: a page, or as many as make the slab 64 units. */
static size_t unit_bytes(const ss_class *class) {
    size_t unit = ss_os_page_bytes();
    while (((size_t) class->granules << SS_GRANULE_SHIFT) / unit > 64)
        unit *= 2;
    return unit;
}

/* A block's bytes for this purpose begin with its header, which must outlive its neighbour. */
static size_t block_begin(const ss_class *class, uint32_t index) {
    return (size_t)index * class->stride + class->first - (class->first != 0);
}

static uint64_t units_mask(size_t first, size_t end) {
    uint64_t below_end = end >= 64 ? UINT64_MAX : (UINT64_C(1) << end) - 1;
    return first >= 64 ? 0 : below_end & (UINT64_MAX << first);
}

void ss_pages_forget(ss_slab *slab, void *const *blocks, uint32_t count) {
    ss_slab_view view = ss_slab_read(slab);
    uintptr_t base = ss_slab_base(ss_slab_space(view), view);
    size_t unit = unit_bytes(view.class);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = ss_slab_index(view.class, (uintptr_t)blocks[i] - base);
        size_t begin = block_begin(view.class, index), end = begin + view.class->stride;
        slab->purged &= ~units_mask(begin / unit, (end + unit - 1) / unit);
    }
}

/* Purges the units of `mask`, run by run; the bytes of those the system took. */
static size_t units_purge(char *start, ss_slab *slab, uint64_t mask, size_t unit) {
    size_t given = 0;
    while (mask != 0) {
        uint32_t at = (uint32_t)__builtin_ctzll(mask);
        uint64_t rest = ~(mask >> at);
        uint32_t count = rest == 0 ? 64 : (uint32_t)__builtin_ctzll(rest);
        uint64_t run = units_mask(at, at + count);
        if (ss_os_purge(start + at * unit, count * unit)) {
            slab->purged |= run;
            given += count * unit;
        }
        mask &= ~run;
    }
    return given;
}

size_t ss_pages_purge(const ss_space *space, ss_slab *slab) {
    ss_slab_view view = ss_slab_read(slab);
    char *start = ss_space_address(space, view.granule);
    size_t unit = unit_bytes(view.class), given = 0;
    for (uint32_t i = 0; i < view.class->capacity;) {
        if (!ss_slab_is_free(slab, view.class, i)) {
            i++;
            continue;
        }
        uint32_t end = i;
        while (end < view.class->capacity && ss_slab_is_free(slab, view.class, end))
            end++;
        size_t from = (block_begin(view.class, i) + unit - 1) / unit;
        size_t to = block_begin(view.class, end) / unit;
        if (from < to)
            given += units_purge(start, slab, units_mask(from, to) & ~slab->purged, unit);
        i = end;
    }
    return given;
}
