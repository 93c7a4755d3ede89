/* More blocks than bins hold come and go over many slabs: blocks that were given back are handed out next, every count
 * is exact meanwhile, and a slab that is wholly free does not stay. */
#include "block.h"
#include "check.h"
#include "rng.h"
#include "stats.h"

#include <stdint.h>
#include <stdlib.h>

enum { COUNT = 100000, SIZE = 48, STAYS_MOST = 1 << 20 };

static void *blocks[COUNT];

static void shuffle(void) {
    rng random = {1};
    for (size_t i = COUNT - 1; i > 0; i--) {
        size_t other = rng_below(&random, i + 1);
        void *block = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = block;
    }
}

static void free_from(size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        superslab_free(blocks[i]);
}

static int by_address(const void *a, const void *b) {
    const uintptr_t left = (uintptr_t) * (void *const *)a, right = (uintptr_t) * (void *const *)b;
    return left < right ? -1 : left > right;
}

int main(void) {
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(SIZE);
    shuffle();
    const superslab_stats full = stats_now();
    for (unsigned round = 0; round < 4; round++) {
        free_from(0, COUNT / 2);
        const superslab_stats half = stats_now();
        CHECK_EQ(full.live_blocks - half.live_blocks, COUNT / 2);
        stats_check_consistent(&half);
        for (size_t i = 0; i < COUNT / 2; i++)
            blocks[i] = block_new(SIZE);
        shuffle();
        CHECK_EQ(stats_now().live_blocks, full.live_blocks);
        CHECK_LE(stats_now().slab_bytes, full.slab_bytes + STAYS_MOST);
    }
    /* In the order of their addresses, so that the last ones, which the bin keeps, are of few slabs. */
    qsort(blocks, COUNT, sizeof *blocks, by_address);
    free_from(0, COUNT);
    CHECK_LE(stats_now().slab_bytes, before.slab_bytes + STAYS_MOST);
    stats_check_returned(&before);
}
