/* A thread that is never idle keeps only the sizes that it uses: blocks of other sizes in its bins go back while it
 * works on. */
#include "background.h"
#include "block.h"
#include "check.h"
#include "membarrier.h"
#include "stats.h"
#include "table.h"
#include "team.h"

#include <sched.h>
#include <stdatomic.h>

enum {
    SIZES = 64,
    OUTSIDE = 20000,
    EACH = 12,
    STEP = 1000,
    IN_USE = 8,
    USED_SIZE = 48,
    CACHED_MOST = 256 << 10
};

static atomic_bool finished, burst_over, resting, rests;
static atomic_uint bursts;

/* Leaves blocks of many sizes in the bins: megabytes of them. */
static void burst(void) {
    void *blocks[EACH];
    for (unsigned size = 1; size <= SIZES; size++) {
        for (unsigned i = 0; i < EACH; i++)
            blocks[i] = block_new(size * STEP);
        for (unsigned i = 0; i < EACH; i++)
            superslab_free(blocks[i]);
    }
}

static void work(unsigned index, void *context) {
    void *used[IN_USE];
    (void)index;
    (void)context;
    while (!atomic_load(&finished)) {
        atomic_store(&rests, atomic_load(&resting));
        if (atomic_load(&rests)) {
            sched_yield();
            continue;
        }
        if (!atomic_exchange(&burst_over, true)) {
            burst();
            atomic_fetch_add(&bursts, 1);
        }
        for (unsigned i = 0; i < IN_USE; i++)
            used[i] = block_new(USED_SIZE);
        for (unsigned i = 0; i < IN_USE; i++)
            superslab_free(used[i]);
        /* No other thread can read the bins of a thread that is inside the allocator. */
        for (volatile unsigned i = 0; i < OUTSIDE; i++)
            ;
    }
}

static bool burst_is_over(void) {
    return atomic_load(&burst_over) && atomic_load(&bursts) != 0;
}

static bool rests_now(void) {
    return atomic_load(&rests);
}

static bool unused_is_gone(void) {
    return stats_now().cached_bytes <= CACHED_MOST;
}

int main(void) {
    enum { ROUNDS = 3 };
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads keep their bins");
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, 1, work, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        wait_until(burst_is_over);
        wait_until(unused_is_gone);
        atomic_store(&resting, true); /* statistics are exact only at rest */
        wait_until(rests_now);
        const superslab_stats now = stats_now();
        stats_check_consistent(&now);
        atomic_store(&resting, false);
        atomic_store(&bursts, 0);
        atomic_store(&burst_over, false);
    }
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
