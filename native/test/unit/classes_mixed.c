/* Blocks of all classes at once, none overlapping, every byte of each its own. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "extent.h"
#include "pattern.h"
#include "stats.h"
#include "table.h"

enum { EACH = 24 };

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    const size_t count = all.count * EACH;
    void **blocks = table_new(count, sizeof *blocks);
    extent *extents = table_new(count, sizeof *extents);
    uint64_t strides = 0;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = block_new(all.usable[i % all.count]);
        pattern_fill(blocks[i], all.usable[i % all.count], i);
        extents[i] = (extent){(uintptr_t)blocks[i], block_stride(blocks[i])};
        strides += extents[i].bytes;
    }
    extents_check_disjoint(extents, count);
    stats_check_live(&before, count, strides);
    for (size_t i = 0; i < count; i++) {
        CHECK_THAT(pattern_intact(blocks[i], all.usable[i % all.count], i), "block %zu", i);
        superslab_free(blocks[i]);
    }
    stats_check_returned(&before);
}
