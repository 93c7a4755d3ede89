/* Large blocks and whole slabs that were freed go back by themselves; so do the pages inside the free blocks
 * of slabs that stay, freed by any thread. */
#include "background.h"
#include "check.h"
#include "rss.h"
#include "stats.h"
#include "table.h"
#include "team.h"

#include <string.h>

enum {
    LARGE = 64,
    LARGE_BYTES = 1 << 20,
    SMALL = CHECK_SCALED(100000),
    SMALL_BYTES = 1000,
    ONE_IN = 256
};

static void *large[LARGE];
static void **small;

static void fill(void **blocks, size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        blocks[i] = superslab_malloc(bytes);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], (int)i, bytes);
    }
}

/* Frees all but one in ONE_IN: the remaining ones keep every slab. */
static void free_most(unsigned index, void *context) {
    (void)index, (void)context;
    for (size_t i = 0; i < SMALL; i++)
        if (i % ONE_IN != 0)
            superslab_free(small[i]);
}

int main(void) {
    small = table_new(SMALL, sizeof *small);
    const superslab_stats before = stats_start();
    const bool rss_checked = rss_is_meaningful();
    const size_t rss_before = rss_bytes();
    fill(large, LARGE, LARGE_BYTES);
    fill(small, SMALL, SMALL_BYTES);
    const size_t rss_full = rss_bytes();
    for (size_t i = 0; i < LARGE; i++)
        superslab_free(large[i]);
    team_run(1, free_most, NULL);
    CHECK_GT(stats_now().dirty_bytes, 0);
    wait_until(scavenger_gives_back);
    wait_until(scavenger_is_gone);
    if (rss_checked)
        CHECK_LE(rss_bytes() - rss_before, (rss_full - rss_before) / 10);
    for (size_t i = 0; i < SMALL; i += ONE_IN) {
        for (size_t at = 0; at < SMALL_BYTES; at++)
            CHECK_EQ(((unsigned char *)small[i])[at], (unsigned char)i);
        superslab_free(small[i]);
    }
    stats_check_returned(&before);
    CHECK_GE(stats_now().given_back_bytes, (size_t)LARGE * LARGE_BYTES);
}
