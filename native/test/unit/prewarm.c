/* Prewarmed blocks are ready, not live; the pages are there before the first request. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rss.h"
#include "stats.h"

enum { SIZE = 4000, COUNT = 4096 };

int main(void) {
    const superslab_stats before = stats_start();
    CHECK_EQ(superslab_prewarm(64, 0), 0);
    CHECK_EQ(superslab_prewarm(64, 100), 100);
    stats_check_returned(&before);
    CHECK_GT(stats_now().cached_blocks, 0);

    CHECK_EQ(superslab_prewarm(SIZE, COUNT), COUNT);
    stats_check_returned(&before);
    const size_t rss_before = rss_bytes();
    static void *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        pattern_fill(blocks[i] = block_new(SIZE), SIZE, i);
    if (rss_is_meaningful())
        CHECK_LE(rss_bytes(), rss_before + (1 << 20));
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(pattern_intact(blocks[i], SIZE, i));
        superslab_free(blocks[i]);
    }
    stats_check_returned(&before);

    /* Every kind of size, and impossible ones. */
    CHECK_EQ(superslab_prewarm(0, 10), 10);
    CHECK_LE(superslab_prewarm(200000, 10), 10);
    CHECK_LE(superslab_prewarm(5 << 20, 2), 2);
    volatile size_t absurd = SIZE_MAX;
    CHECK_EQ(superslab_prewarm(absurd, 3), 0);
    CHECK_EQ(superslab_prewarm(absurd / 2 + 1, absurd), 0);
    stats_check_returned(&before);
    superslab_trim();
    stats_check_returned(&before);
}
