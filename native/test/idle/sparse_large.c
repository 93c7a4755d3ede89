/* Each user of a large block touches another part of it: pages that earlier users touched go back. */
#include "check.h"
#include "rss.h"
#include "stats.h"

#include <string.h>

enum { ROUNDS = 16, TOUCHED_BYTES = 8 << 20, BYTES = ROUNDS * TOUCHED_BYTES };

int main(void) {
    if (!rss_is_meaningful())
        check_skip("it is about the RSS");
    const superslab_stats before = stats_start();
    if (!rss_peak_reset())
        check_skip("the system does not reset the peak of the RSS");
    const size_t rss_before = rss_bytes();
    for (size_t i = 0; i < ROUNDS; i++) {
        char *block = superslab_malloc(BYTES);
        CHECK(block != NULL);
        memset(block + i * TOUCHED_BYTES, 1, TOUCHED_BYTES);
        superslab_free(block);
    }
    /* The background thread may be a few rounds behind. */
    CHECK_LE(rss_peak_bytes() - rss_before, BYTES / 2);
    superslab_trim();
    CHECK_EQ(stats_now().dirty_bytes, 0);
    stats_check_returned(&before);
}
