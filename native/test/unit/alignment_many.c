/* Many aligned blocks of one kind alive at once, beside unaligned ones of the same size. */
#include "block.h"
#include "check.h"
#include "extent.h"
#include "pattern.h"
#include "stats.h"
#include "table.h"

enum { COUNT = CHECK_SCALED(3000) };

static void run(extent *extents, size_t alignment, size_t size) {
    for (size_t i = 0; i < COUNT; i++) {
        void *block = i % 3 == 0 ? block_new(size) : block_new_aligned(alignment, size);
        extents[i] = (extent){(uintptr_t)block, superslab_usable_size(block)};
        pattern_mark(block, extents[i].bytes, size);
    }
    extents_check_disjoint(extents, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(pattern_marked((void *)extents[i].start, extents[i].bytes, size));
        superslab_free((void *)extents[i].start);
    }
}

int main(void) {
    extent *extents = table_new(COUNT, sizeof *extents);
    const superslab_stats before = stats_start();
    for (size_t alignment = 32; alignment <= 8192; alignment *= 2) {
        for (size_t size = alignment / 2; size <= alignment * 4; size += alignment / 2)
            run(extents, alignment, size);
        stats_check_returned(&before);
    }
}
