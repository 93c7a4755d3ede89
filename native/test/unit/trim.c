/* After 256 MiB of mixed blocks are freed, trim brings the RSS back to within a few MiB; and with one
 * block in a hundred left, to the pages that those lie on. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"
#include "table.h"

#include <string.h>

enum { COUNT_MAX = 1 << 19, KEPT_MOST = 8 << 20, KEPT_SHARE = 100, PAGE_BYTES = 4096 };
static const size_t total_bytes = (size_t)CHECK_SCALED(256) << 20;

static void **blocks;
static size_t count;

static void fill(rng *random) {
    size_t bytes = 0;
    for (count = 0; count < COUNT_MAX && bytes < total_bytes; count++) {
        const size_t size = rng_log_size(random, (size_t)1 << (count % 64 == 0 ? 22 : 14));
        blocks[count] = block_new(size);
        memset(blocks[count], 0xEE, size);
        bytes += size;
    }
    CHECK_GE(bytes, total_bytes / 4);
}

/* One block in KEPT_SHARE stays, so that nearly every slab stays: what is given back is pages inside. */
static void scattered(size_t size, size_t rss_before) {
    const superslab_stats before = stats_now();
    const size_t all = total_bytes / 4 / size;
    for (size_t i = 0; i < all; i++)
        memset(blocks[i] = block_new(size), 0xEE, size);
    for (size_t i = 0; i < all; i++) {
        if (i % KEPT_SHARE != 0)
            superslab_free(blocks[i]);
    }
    superslab_trim();
    const size_t kept = (all + KEPT_SHARE - 1) / KEPT_SHARE;
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + kept);
    if (!CHECK_SANITIZED)
        CHECK_LE(rss_bytes(), rss_before + KEPT_MOST + kept * (size + 2 * PAGE_BYTES));
    for (size_t i = 0; i < all; i += KEPT_SHARE) {
        CHECK_EQ(*(unsigned char *)blocks[i], 0xEE);
        CHECK_EQ(((unsigned char *)blocks[i])[size - 1], 0xEE);
        superslab_free(blocks[i]);
    }
    superslab_trim();
    stats_check_returned(&before);
    if (!CHECK_SANITIZED)
        CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
}

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    const bool rss_checked = rss_is_meaningful();
    blocks = table_new(COUNT_MAX, sizeof *blocks);
    superslab_trim();
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();

    for (int round = 0; round < 3; round++) {
        fill(&random);
        for (size_t i = 0; i < count; i++)
            superslab_free(blocks[i]);
        superslab_trim();
        stats_check_returned(&before);
        CHECK_EQ(stats_now().cached_blocks, 0);
        if (rss_checked)
            CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
    }

    scattered(200, rss_before);
    scattered(5000, rss_before);
    scattered(40000, rss_before);
    CHECK_LE(superslab_trim(), 1 << 20); /* nothing is left to give back */
    stats_check_returned(&before);
}
