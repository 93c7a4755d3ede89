/* Blocks allocated before main, freed after it; and the other way round in between. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "stats.h"

#include <stdlib.h>

enum { COUNT = 500 };

static void *early[COUNT], *late[COUNT];

__attribute__((constructor(101))) static void before_main(void) {
    for (size_t i = 0; i < COUNT; i++)
        pattern_fill(early[i] = block_new(i * 50), i * 50, i);
}

static void check_and_free(void **blocks) {
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(pattern_intact(blocks[i], i * 50, i));
        superslab_free(blocks[i]);
    }
}

static void at_exit(void) {
    check_and_free(late);
    CHECK_EQ(stats_now().live_blocks, COUNT);
    superslab_trim();
}

__attribute__((destructor(101))) static void after_main(void) {
    check_and_free(early);
    CHECK_EQ(stats_now().live_blocks, 0);
    superslab_free(block_new(100));
}

int main(void) {
    CHECK_EQ(stats_now().live_blocks, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        pattern_fill(late[i] = block_new(i * 50), i * 50, i);
    CHECK_EQ(atexit(at_exit), 0);
}
