/* inspect of superslab's own addresses. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "stats.h"

enum { COUNT = 400 };

static superslab_inspection inspect(const void *address) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)address, &found);
    return found;
}

static void check_live(const char *block) {
    const size_t usable = superslab_usable_size(block);
    const superslab_inspection start = inspect(block);
    CHECK_EQ(start.kind, SUPERSLAB_ADDRESS_LIVE);
    CHECK_EQ(start.block, (uintptr_t)block);
    CHECK_EQ(start.usable_size, usable);
    CHECK_GE(start.stride, usable);
    CHECK_NE(start.slab, 0);
    CHECK_LE(start.slab, (uintptr_t)block);
    const size_t inside[] = {1, 8, usable / 2, usable - 1};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        const superslab_inspection found = inspect(block + inside[i]);
        CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_INSIDE);
        CHECK_EQ(found.block, (uintptr_t)block);
        CHECK_EQ(found.usable_size, usable);
        CHECK_EQ(found.stride, start.stride);
        CHECK_EQ(found.slab, start.slab);
    }
}

/* A block in the bin is cached; one that went back to a slab beside live ones is free. */
static void class_run(size_t size) {
    static char *blocks[COUNT];
    const size_t count = size < 4096 ? COUNT : 20;
    for (size_t i = 0; i < count; i++)
        check_live(blocks[i] = block_new(size));
    for (size_t i = 0; i < count; i += 2) {
        const uint64_t cached = stats_now().cached_blocks;
        superslab_free(blocks[i]);
        const superslab_inspection found = inspect(blocks[i]);
        if (stats_now().cached_blocks > cached) {
            CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_CACHED);
            CHECK_EQ(inspect(blocks[i] + 1).kind, SUPERSLAB_ADDRESS_CACHED);
            CHECK_EQ(found.block, (uintptr_t)blocks[i]);
        } else {
            CHECK(found.kind == SUPERSLAB_ADDRESS_CACHED || found.kind == SUPERSLAB_ADDRESS_FREE);
        }
    }
    superslab_trim();
    for (size_t i = 0; i < count; i++) {
        if (i % 2 == 1) {
            check_live(blocks[i]);
            continue;
        }
        const superslab_inspection found = inspect(blocks[i] + size / 2);
        CHECK(found.kind == SUPERSLAB_ADDRESS_FREE || found.kind == SUPERSLAB_ADDRESS_UNUSED);
    }
    for (size_t i = 1; i < count; i += 2)
        superslab_free(blocks[i]);
    superslab_trim();
    for (size_t i = 0; i < count; i++) {
        const superslab_inspection found = inspect(blocks[i]);
        CHECK(found.kind == SUPERSLAB_ADDRESS_FREE || found.kind == SUPERSLAB_ADDRESS_UNUSED);
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++)
        class_run(all.usable[i]);
    stats_check_returned(&before);

    static const size_t large[] = {100000, 1 << 20, 5 << 20};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        char *block = block_new(large[i]);
        check_live(block);
        CHECK_EQ(inspect(block + large[i] - 1).kind, SUPERSLAB_ADDRESS_INSIDE);
        superslab_free(block);
        const superslab_address_kind kind = inspect(block).kind;
        CHECK(kind != SUPERSLAB_ADDRESS_LIVE && kind != SUPERSLAB_ADDRESS_INSIDE);
        CHECK(kind != SUPERSLAB_ADDRESS_FOREIGN && kind != SUPERSLAB_ADDRESS_NO_ACCESS);
    }
    for (size_t alignment = 32; alignment <= 4 << 20; alignment *= 2) {
        char *block = block_new_aligned(alignment, 100);
        check_live(block);
        superslab_free(block);
    }

    /* The reserved addresses are many more than what is in use. */
    unsigned unused = 0;
    const uintptr_t anchor = (uintptr_t)block_new(100);
    for (size_t distance = 2 << 20; distance <= (size_t)1 << 40; distance *= 2) {
        unused += inspect((void *)(anchor + distance)).kind == SUPERSLAB_ADDRESS_UNUSED;
        unused += inspect((void *)(anchor - distance)).kind == SUPERSLAB_ADDRESS_UNUSED;
    }
    CHECK_GT(unused, 0);
    superslab_free((void *)anchor);
    stats_check_returned(&before);
}
