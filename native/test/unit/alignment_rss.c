/* 20,000 blocks of 4096 bytes aligned to 4096 cost at most 1.15 times their bytes; hardened, where a canary lies behind
 * them, twice as many. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rss.h"
#include "stats.h"
#include "table.h"

enum { COUNT = CHECK_SCALED(20000), SIZE = 4096, PERCENT = CHECK_HARDENED ? 230 : 115 };

int main(void) {
    void **blocks = table_new(COUNT, sizeof *blocks);
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();
    for (size_t i = 0; i < COUNT; i++)
        pattern_fill(blocks[i] = block_new_aligned(SIZE, SIZE), SIZE, i);
    const size_t rss_after = rss_bytes();
    if (rss_is_meaningful())
        CHECK_LE(rss_after - rss_before, (size_t)COUNT * SIZE * PERCENT / 100);
    CHECK_LE(stats_now().live_bytes - before.live_bytes, (size_t)COUNT * SIZE * PERCENT / 100);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_THAT(pattern_intact(blocks[i], SIZE, i), "block %zu", i);
        superslab_free(blocks[i]);
    }
    stats_check_returned(&before);
}
