#include "slab/pages.h"

#include "space/huge.h"

/* The bytes that one bit of a slab's `purged` stands for: a page, or the power of 2 of pages that divides the slab into
 * at most 64 units. */
static size_t unit_bytes(const ss_class *class) {
    size_t unit = ss_os_page_bytes();
    while (ss_class_slab_bytes(class) / unit > 64)
        unit *= 2;
    return unit;
}

/* The offset in its slab at which a block begins: at its header. That byte belongs to the stride of the block below and
 * must stay when only the block below is free. */
static size_t block_begin(const ss_class *class, uint32_t index) {
    return (size_t)index * ss_class_stride(class) + ss_class_first(class) -
           (ss_class_first(class) != 0);
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
        uint32_t index = ss_class_index(view.class, (uintptr_t)blocks[i] - base);
        size_t begin = block_begin(view.class, index), end = begin + ss_class_stride(view.class);
        slab->purged &= ~units_mask(begin / unit, (end + unit - 1) / unit);
    }
}

/* Purges the units of `mask`, one system call for each run of them. Returns the bytes that the system took back. */
static size_t units_purge(const ss_space *space, char *start, ss_slab *slab, uint64_t mask,
                          size_t unit) {
    size_t given = 0;
    while (mask != 0) {
        uint32_t at = (uint32_t)__builtin_ctzll(mask);
        uint64_t rest = ~(mask >> at);
        uint32_t count = rest == 0 ? 64 : (uint32_t)__builtin_ctzll(rest);
        uint64_t run = units_mask(at, at + count);
        if (ss_space_purge(space, start + at * unit, count * unit)) {
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
    for (uint32_t i = 0; i < ss_class_capacity(view.class);) {
        if (!ss_slab_is_free(slab, view.class, i)) {
            i++;
            continue;
        }
        uint32_t end = i;
        while (end < ss_class_capacity(view.class) && ss_slab_is_free(slab, view.class, end))
            end++;
        size_t from = (block_begin(view.class, i) + unit - 1) / unit;
        size_t to = block_begin(view.class, end) / unit;
        if (from < to)
            given += units_purge(space, start, slab, units_mask(from, to) & ~slab->purged, unit);
        i = end;
    }
    return given;
}
