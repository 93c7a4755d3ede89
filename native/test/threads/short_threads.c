/* 10,000 short threads: neither the RSS nor any statistic grows with their number. */
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = CHECK_SCALED(10000), WARM_THREADS = THREADS * 7 / 8, BLOCKS = 50 };

static uint64_t seed;
static parcel *handed_over;

static void *work(void *number) {
    rng random = {seed ^ (uintptr_t)number};
    parcel *mine[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        mine[i] = parcel_new(sizeof(parcel) + rng_log_size(&random, i == 0 ? 300000 : 3000), i);
    for (int i = 1; i < BLOCKS; i++)
        parcel_free(mine[i]);
    handed_over = mine[0];
    return NULL;
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    setenv("SUPERSLAB_DECAY", "-1",
           1); /* what is resident must not depend on when it is measured */
    const bool rss_checked = rss_is_meaningful();
    const superslab_stats before = stats_start();
    superslab_stats warm = before;
    size_t rss_warm = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, work, (void *)i), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        parcel_free(handed_over);
        CHECK_EQ(stats_now().thread_count, before.thread_count);
        if (i == WARM_THREADS) {
            warm = stats_now();
            rss_warm = rss_bytes();
        }
    }
    stats_check_returned(&before);
    const superslab_stats after = stats_now();
    CHECK_LE(after.metadata_bytes, warm.metadata_bytes + (64 << 10));
    CHECK_LE(after.slab_bytes, warm.slab_bytes + (4 << 20)); /* a few of the largest: 1 MiB each */
    CHECK_LE(after.cached_bytes, warm.cached_bytes + (2 << 20));
    CHECK_EQ(after.reserved_bytes, warm.reserved_bytes);
    if (rss_checked)
        CHECK_LE(rss_bytes(), rss_warm + (2 << 20));
    /* Memory of threads that have ended can be given back too. */
    superslab_trim();
    CHECK_EQ(stats_now().cached_blocks, 0);
    CHECK_EQ(stats_now().slab_bytes, 0);
    stats_check_returned(&before);
}
