/* After many small aligned blocks are freed, trim brings the RSS back: the table of their live bits goes back too. */
#include "block.h"
#include "check.h"
#include "rss.h"
#include "stats.h"
#include "table.h"

/* Hardened: a page of the table is for two granules, and stays where one of them is a gap. */
enum { GAPS = CHECK_HARDENED ? 256 : 0 };
enum { ALIGNMENT = 64, COUNT = CHECK_SCALED(1 << 20), KEPT_MOST = (1 << 20) + GAPS * 4096 };

int main(void) {
    void **blocks = table_new(COUNT, sizeof *blocks);
    const bool rss_checked = rss_is_meaningful();
    superslab_free(block_new_aligned(ALIGNMENT, ALIGNMENT));
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = blocks; /* its pages are there before */
    superslab_trim();
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++)
            *(unsigned char *)(blocks[i] = block_new_aligned(ALIGNMENT, ALIGNMENT)) = 1;
        for (size_t i = 0; i < COUNT; i++)
            superslab_free(blocks[i]);
        superslab_trim();
        stats_check_returned(&before);
        if (rss_checked)
            CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
    }
}
