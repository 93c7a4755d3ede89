/* A thread's large cache goes back when the thread sleeps, and while it works with other sizes. */
#include "background.h"
#include "block.h"
#include "check.h"
#include "membarrier.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { SIZE = 3 << 20, PAIRS = 100, SMALL = 100, BATCH = 1000 };

static sleepers all = SLEEPERS_NONE;
static atomic_bool at_work, finished;

static void work(unsigned index, void *context) {
    (void)index, (void)context;
    for (unsigned i = 0; i < PAIRS; i++)
        superslab_free(block_new(SIZE));
    sleepers_sleep(&all, 1);
    for (unsigned i = 0; i < PAIRS; i++)
        superslab_free(block_new(SIZE));
    sleepers_sleep(&all, 2);
    /* Small blocks, enough of them for cold paths. */
    void *blocks[BATCH];
    for (unsigned i = 0; i < PAIRS; i++)
        superslab_free(block_new(SIZE));
    atomic_store(&at_work, true);
    while (!atomic_load(&finished)) {
        for (size_t i = 0; i < BATCH; i++)
            blocks[i] = block_new(SMALL);
        for (size_t i = 0; i < BATCH; i++)
            superslab_free(blocks[i]);
    }
}

static bool nothing_large_is_cached(void) {
    return atomic_load(&at_work) && stats_now().cached_bytes < SIZE;
}

int main(void) {
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads have no large caches");
    team workers;
    setenv("SUPERSLAB_DECAY", "40", 1);
    const superslab_stats before = stats_start();
    team_start(&workers, 1, work, NULL);
    for (unsigned round = 0; round < 2; round++) {
        sleepers_await(&all, 1);
        wait_until(scavenger_has_given_back);
        CHECK_EQ(stats_now().large_bytes, 0);
        sleepers_wake(&all);
    }
    wait_until(nothing_large_is_cached);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
