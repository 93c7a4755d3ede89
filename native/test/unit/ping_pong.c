/* Allocate one, free one, for every class; and with some blocks held around it. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "pattern.h"
#include "stats.h"

enum { ROUNDS = CHECK_SCALED(20000), HELD = 7 };

static void pairs(size_t size) {
    for (uint64_t round = 0; round < ROUNDS; round++) {
        void *block = block_new(size);
        pattern_mark(block, size, round);
        CHECK_THAT(pattern_marked(block, size, round), "size %zu", size);
        superslab_free(block);
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        void *held[HELD];
        for (size_t j = 0; j < HELD; j++)
            pattern_fill(held[j] = block_new(all.usable[i]), all.usable[i], j);
        pairs(all.usable[i]);
        for (size_t j = 0; j < HELD; j++) {
            CHECK(pattern_intact(held[j], all.usable[i], j));
            superslab_free(held[j]);
        }
    }
    stats_check_returned(&before);
}
