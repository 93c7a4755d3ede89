/* Every class: many blocks, written whole, no two overlapping, freed in several orders, allocated again. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "extent.h"
#include "pattern.h"
#include "rng.h"
#include "stats.h"
#include "table.h"

enum { COUNT_MAX = 8192, BUDGET_BYTES = CHECK_SCALED(6 << 20) };

static unsigned char **blocks;
static extent *extents;
static size_t *order;

static void fill(size_t i, size_t size) {
    blocks[i] = block_new(size);
    CHECK_EQ(superslab_usable_size(blocks[i]), size);
    pattern_fill(blocks[i], size, i ^ size);
}

static void check_disjoint(size_t count) {
    for (size_t i = 0; i < count; i++)
        extents[i] = (extent){(uintptr_t)blocks[i], block_stride(blocks[i])};
    extents_check_disjoint(extents, count);
}

static void empty(size_t i, size_t size) {
    CHECK_THAT(pattern_intact(blocks[i], size, i ^ size), "block %zu of size %zu", i, size);
    superslab_free(blocks[i]);
}

static void shuffle(rng *random, size_t count) {
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        const size_t other = rng_below(random, i);
        const size_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static void class_run(rng *random, size_t size) {
    const size_t fits = BUDGET_BYTES / (size + 16);
    const size_t count = fits > COUNT_MAX ? COUNT_MAX : fits < 16 ? 16 : fits;

    /* Freed in the order they came, the other way round, and at random. */
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < count; i++)
            fill(i, size);
        check_disjoint(count);
        shuffle(random, count);
        for (size_t i = 0; i < count; i++)
            empty(pass == 0 ? i : pass == 1 ? count - 1 - i : order[i], size);
    }

    /* Every other one freed and allocated again beside its neighbours. */
    for (size_t i = 0; i < count; i++)
        fill(i, size);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = pass; i < count; i += 2)
            empty(i, size);
        for (size_t i = pass; i < count; i += 2)
            fill(i, size);
        check_disjoint(count);
    }
    for (size_t i = 0; i < count; i++)
        empty(i, size);
}

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    blocks = table_new(COUNT_MAX, sizeof *blocks);
    extents = table_new(COUNT_MAX, sizeof *extents);
    order = table_new(COUNT_MAX, sizeof *order);
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        class_run(&random, all.usable[i]);
        stats_check_returned(&before);
    }
}
