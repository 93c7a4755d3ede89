/* The blocks in the bins and slabs of sleeping threads, on a condition variable and in a system call, go back without
 * any thread calling the allocator; when the threads wake they go on as before. */
#include "background.h"
#include "check.h"
#include "membarrier.h"
#include "parcel.h"
#include "rng.h"
#include "rss.h"
#include "sleepers.h"
#include "stats.h"
#include "table.h"
#include "team.h"

#include <unistd.h>

enum { SLEEPERS = 4, ROUNDS = 3, KEPT = 16, KEPT_MOST = 8 << 20 };
/* Fewer are no reason for the background thread. */
enum { LEAST = 2000, BLOCKS = CHECK_SCALED(8000) > LEAST ? CHECK_SCALED(8000) : LEAST };

static sleepers all = SLEEPERS_NONE;
static int pipes[SLEEPERS][2];
static parcel **blocks[SLEEPERS];
static uint64_t seed;

/* Every other one in a call of the system. */
static void sleep_until(unsigned index, unsigned round) {
    char byte;
    sleepers_sleep(&all, index % 2 == 0 ? round : 0);
    if (index % 2 == 1)
        CHECK_EQ(read(pipes[index][0], &byte, 1), 1);
}

static void wake_all(void) {
    sleepers_wake(&all);
    for (unsigned i = 1; i < SLEEPERS; i += 2)
        CHECK_EQ(write(pipes[i][1], "", 1), 1);
}

/* Each frees what the one before it allocated, so that slabs get blocks back that their owners do not
 * know of; a few live on. */
static void work(unsigned index, void *context) {
    rng random = {seed + index};
    parcel *kept[KEPT];
    (void)context;
    for (unsigned i = 0; i < KEPT; i++)
        kept[i] = parcel_new(100 + 700 * i, i);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[index][i] =
                parcel_new(sizeof(parcel) + rng_log_size(&random, i % 16 == 0 ? 200000 : 4000), i);
        sleep_until(index, 2 * round + 1);
        for (size_t i = 0; i < BLOCKS; i++)
            parcel_free(blocks[(index + 1) % SLEEPERS][i]);
        sleep_until(index, 2 * round + 2);
    }
    for (unsigned i = 0; i < KEPT; i++)
        parcel_free(kept[i]);
}

int main(int argc, char **argv) {
    if (!membarrier_available())
        check_skip(
            "the system has no private expedited membarrier: sleeping threads keep their bins");
    seed = check_seed(argc, argv, 42);
    const bool rss_checked = rss_is_meaningful();
    for (unsigned i = 0; i < SLEEPERS; i++) {
        blocks[i] = table_new(BLOCKS, sizeof *blocks[i]);
        CHECK_EQ(pipe(pipes[i]), 0);
    }
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();
    team workers;
    team_start(&workers, SLEEPERS, work, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        sleepers_await(&all, SLEEPERS);
        wake_all();
        sleepers_await(&all, SLEEPERS);
        wait_until(scavenger_has_given_back);
        const superslab_stats now = stats_now();
        stats_check_consistent(&now);
        CHECK_EQ(now.live_blocks, before.live_blocks + SLEEPERS * KEPT);
        CHECK_EQ(now.thread_count, before.thread_count + SLEEPERS);
        wait_until(scavenger_is_gone); /* and with it the pages inside free blocks */
        if (rss_checked)
            CHECK_LE(rss_bytes(), rss_before + KEPT_MOST);
        wake_all();
    }
    team_join(&workers);
    stats_check_returned(&before);
}
