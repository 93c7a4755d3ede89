/* Usable and good sizes agree for every request up to 66000 bytes, and waste little. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "stats.h"

int main(void) {
    const superslab_stats before = stats_start();
    size_t previous = 0;
    for (size_t size = 0; size <= CLASSES_WALK_BYTES; size++) {
        const size_t good = superslab_good_size(size);
        CHECK_GE(good, size);
        CHECK_GE(good, previous);
        CHECK_EQ(superslab_good_size(good), good);
        CHECK_LE(good, size <= 64 * 1024 ? size + size / 8 + 32 : size + 64 * 1024);
        previous = good;

        void *block = block_new(size);
        CHECK_EQ(superslab_usable_size(block), (CHECK_HARDENED ? size : good));
        superslab_free(block);
    }
    CHECK_EQ(superslab_usable_size(NULL), 0);

    /* A request of exactly 2^k wastes 16 bytes at most, not a step. */
    for (size_t size = 16; size <= 32 * 1024; size *= 2)
        CHECK_LE(superslab_good_size(size), size + 16);
    const classes all = classes_derive();
    CHECK_LE(all.count, 128);

    /* Large ones agree too; an impossible size does no harm. */
    for (size_t size = 65537; size < (size_t)128 << 20; size += size / 3) {
        void *block = block_new(size);
        CHECK_EQ(superslab_usable_size(block), (CHECK_HARDENED ? size : superslab_good_size(size)));
        CHECK_EQ(superslab_good_size(superslab_good_size(size)), superslab_good_size(size));
        superslab_free(block);
    }
    volatile size_t absurd = SIZE_MAX;
    (void)superslab_good_size(absurd);
    (void)superslab_good_size(absurd / 2 + 1);
    stats_check_returned(&before);
}
