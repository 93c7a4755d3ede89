/* Another thread's trim gives back the blocks in the bins and slabs of threads that sleep on a condition variable; when
 * they wake they go on as before. */
#include "check.h"
#include "membarrier.h"
#include "parcel.h"
#include "rng.h"
#include "rss.h"
#include "sleepers.h"
#include "stats.h"
#include "table.h"
#include "team.h"

enum { SLEEPERS = 6, BLOCKS = CHECK_SCALED(4000), ROUNDS = 12, KEPT_MOST = 8 << 20 };

static sleepers all = SLEEPERS_NONE;
static parcel **blocks[SLEEPERS];
static uint64_t seed;

/* Odd rounds end with everything freed by the sleeper, even ones with everything left to main. A few
 * blocks live through the sleep. */
static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    parcel *through[16];
    for (unsigned i = 0; i < 16; i++)
        through[i] = parcel_new(100 + 700 * i, i);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[index][i] =
                parcel_new(sizeof(parcel) + rng_log_size(&random, i % 16 == 0 ? 60000 : 4000), i);
        if (round % 2 == 1) {
            for (size_t i = 0; i < BLOCKS; i++)
                parcel_free(blocks[index][i]);
        }
        sleepers_sleep(&all, round + 1);
        for (unsigned i = 0; i < 16; i++)
            parcel_check(through[i]);
    }
    for (unsigned i = 0; i < 16; i++)
        parcel_free(through[i]);
}

int main(int argc, char **argv) {
    if (!membarrier_available())
        check_skip(
            "the system has no private expedited membarrier: sleeping threads keep their bins");
    seed = check_seed(argc, argv, 42);
    const bool rss_checked = rss_is_meaningful();
    for (unsigned i = 0; i < SLEEPERS; i++)
        blocks[i] = table_new(BLOCKS, sizeof *blocks[i]);
    superslab_trim();
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();
    team workers;
    team_start(&workers, SLEEPERS, work, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        sleepers_await(&all, SLEEPERS);
        if (round % 2 == 0) {
            for (size_t i = 0; i < SLEEPERS * BLOCKS; i++)
                parcel_free(blocks[i / BLOCKS][i % BLOCKS]);
        }
        CHECK_GT(stats_now().cached_blocks, 0);
        superslab_trim();
        const superslab_stats now = stats_now();
        stats_check_consistent(&now);
        CHECK_EQ(now.cached_blocks, 0);
        CHECK_EQ(now.live_blocks, before.live_blocks + SLEEPERS * 16);
        CHECK_EQ(now.thread_count, before.thread_count + SLEEPERS);
        if (rss_checked)
            CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
        sleepers_wake(&all);
    }
    team_join(&workers);
    stats_check_returned(&before);
}
