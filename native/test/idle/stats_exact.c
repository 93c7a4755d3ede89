/* Statistics are exact at rest, also while the background thread flushes the bins of the program's only thread, which
 * reads them all the time. */
#include "background.h"
#include "block.h"
#include "check.h"
#include "membarrier.h"
#include "rng.h"
#include "stats.h"

#include <stdlib.h>

enum { ROUNDS = CHECK_SCALED(24), KEPT = 46, CACHED = 400, SIZE_MAX_BYTES = 3000 };

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    void *blocks[KEPT + CACHED];
    setenv("SUPERSLAB_DECAY", "20", 1);
    if (!membarrier_available())
        check_skip(
            "the system has no private expedited membarrier: sleeping threads keep their bins");
    const superslab_stats before = stats_start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* Enough to be worth a background thread, then bins that are full of small blocks. */
        superslab_free(block_new(16 << 20));
        for (size_t i = 0; i < KEPT + CACHED; i++)
            blocks[i] = block_new(1 + rng_below(&random, SIZE_MAX_BYTES));
        for (size_t i = KEPT; i < KEPT + CACHED; i++)
            superslab_free(blocks[i]);
        superslab_stats now;
        do {
            now = stats_now();
            CHECK_EQ(now.live_blocks, before.live_blocks + KEPT);
            stats_check_consistent(&now);
        } while (now.cached_blocks > 0);
        for (size_t i = 0; i < KEPT; i++)
            superslab_free(blocks[i]);
    }
}
