/* Sizes around every boundary, several blocks of each alive at once, written whole. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "extent.h"
#include "pattern.h"
#include "stats.h"

enum { EACH = 4 };

static void size_run(size_t size) {
    unsigned char *blocks[EACH];
    extent extents[EACH];
    for (size_t i = 0; i < EACH; i++) {
        blocks[i] = block_new(size);
        CHECK(blocks[i] != NULL);
        pattern_fill(blocks[i], superslab_usable_size(blocks[i]), size + i);
        extents[i] = (extent){(uintptr_t)blocks[i], block_stride(blocks[i])};
    }
    extents_check_disjoint(extents, EACH);
    for (size_t i = 0; i < EACH; i++)
        CHECK_THAT(pattern_intact(blocks[i], superslab_usable_size(blocks[i]), size + i),
                   "size %zu", size);
    for (size_t i = 0; i < EACH; i++)
        superslab_free(blocks[i]);
}

static void around(size_t size, size_t reach) {
    for (size_t s = size - reach; s <= size + reach; s++)
        size_run(s);
}

int main(void) {
    const superslab_stats before = stats_start();
    size_run(0);
    around(1, 1);
    around(16, 2);
    around(1024, 2);
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++)
        around(all.usable[i], 1);
    around(64 << 10, 2);
    for (size_t size = 128 << 10; size <= 8 << 20; size *= 2)
        around(size, 1);
    around(3 << 20, 1);
    around(64 << 20, CHECK_SANITIZED ? 0 : 1);
    stats_check_returned(&before);
}
