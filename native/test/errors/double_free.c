/* The second free of a block is noticed at once, wherever the block went meanwhile. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "report.h"
#include "stats.h"
#include "team.h"

#include <stdlib.h>

enum { COUNT = 50 };

static void in_the_bin(size_t size) {
    void *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(size);
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    reports_expect_none();
    /* The last one freed, one in the middle, the first one; the same again. */
    static const size_t at[] = {COUNT - 1, COUNT / 2, 0, 0, COUNT / 2};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        superslab_free(blocks[at[i]]);
        reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, blocks[at[i]]);
    }
    superslab_free_sized(blocks[3], size);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, blocks[3]);
}

/* Back in its slab, which is still there because of its neighbours. */
static void in_the_slab(size_t size) {
    void *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(size);
    for (size_t i = 0; i < COUNT; i += 2)
        superslab_free(blocks[i]);
    superslab_trim();
    for (size_t i = 0; i < COUNT; i += 2) {
        superslab_inspection found;
        superslab_inspect((uintptr_t)blocks[i], &found);
        superslab_free(blocks[i]);
        if (found.kind == SUPERSLAB_ADDRESS_FREE)
            reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, blocks[i]);
        else /* its slab was released, with the record that a block was there */
            reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER,
                                  blocks[i]);
    }
    for (size_t i = 1; i < COUNT; i += 2)
        superslab_free(blocks[i]);
    reports_expect_none();
}

static void large(size_t size) {
    void *first = block_new(size), *between = block_new(size), *last = block_new(size);
    superslab_free(between);
    superslab_free(between);
    reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER, between);
    superslab_free(first);
    superslab_free(last);
    superslab_free(last);
    reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER, last);
}

static void aligned(size_t alignment, size_t size) {
    void *block = block_new_aligned(alignment, size), *other = block_new_aligned(alignment, size);
    superslab_free(block);
    superslab_free(block);
    reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER, block);
    superslab_free(other);
    reports_expect_none();
}

static void free_it(unsigned index, void *block) {
    (void)index;
    superslab_free(block);
}

/* The first free by another thread that has ended since. */
static void elsewhere(size_t size) {
    void *block = block_new(size), *neighbour = block_new(size);
    team_run(1, free_it, block);
    reports_expect_none();
    superslab_free(block);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    team_run(1, free_it, block);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    superslab_free(neighbour);
}

int main(void) {
    /* If the slab was given back after the first free, the second one is reported as an unknown pointer: on a busy
     * machine the bins grow old while the test waits for a processor. */
    setenv("SUPERSLAB_DECAY", "-1", 1);
    const superslab_stats before = stats_start();
    reports_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count && all.usable[i] <= 64 << 10; i++) {
        in_the_bin(all.usable[i]);
        in_the_slab(all.usable[i]);
        elsewhere(all.usable[i]);
        stats_check_returned(&before);
    }
    for (size_t size = 70000; size < 20 << 20; size *= 3)
        large(size);
    for (size_t alignment = 32; alignment <= 4 << 20; alignment *= 2)
        aligned(alignment, alignment / 2 + 10);
    stats_check_returned(&before);
    reports_expect_none();
}
