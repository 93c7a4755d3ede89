/* After 256 MiB of mixed blocks are freed, trim brings the RSS back to within a few MiB; and with one
 * block in a thousand left, all but what those pin. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"
#include "table.h"

#include <string.h>

enum { COUNT_MAX = 1 << 18, KEPT_MOST = 8 << 20 };
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

    fill(&random);
    uint64_t kept_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % 1000 == 0)
            kept_bytes += block_stride(blocks[i]);
        else
            superslab_free(blocks[i]);
    }
    superslab_trim();
    stats_check_live(&before, (count + 999) / 1000, kept_bytes);
    if (rss_checked)
        CHECK_LE(rss_bytes(), rss_before + KEPT_MOST + kept_bytes + total_bytes / 4);
    for (size_t i = 0; i < count; i += 1000)
        superslab_free(blocks[i]);
    superslab_trim();
    stats_check_returned(&before);
    if (rss_checked)
        CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
    CHECK_LE(superslab_trim(), 1 << 20); /* nothing is left to give back */
}
