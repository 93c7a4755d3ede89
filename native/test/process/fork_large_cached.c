/* A fork while other threads free large blocks into their large caches and take them out again, and the caches are
 * flushed: in the child each cached span is in one cache, which the next new thread has. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "child.h"
#include "extent.h"
#include "membarrier.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { WORKERS = 3, CHILDREN = CHECK_SCALED(200), HELD = 4, SPANS = 40, HEIRS = 2 * WORKERS };

static atomic_bool finished;
static uint64_t seed;
static barrier together = BARRIER(HEIRS);

static void work(unsigned index, void *context) {
    rng random = {seed + index};
    void *held[HELD] = {NULL};
    (void)context;
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        const size_t at = rng_below(&random, HELD);
        superslab_free(held[at]);
        held[at] = block_new(rng_between(&random, 66000, 260000));
        if (index == 0 && rng_below(&random, 200) == 0)
            superslab_trim();
    }
    for (size_t i = 0; i < HELD; i++)
        superslab_free(held[i]);
}

static void heir(unsigned index, void *context) {
    (void)index;
    (void)context;
    void *blocks[HELD];
    superslab_free(block_new(1));
    barrier_wait(&together);
    for (size_t i = 0; i < HELD; i++)
        blocks[i] = block_new(100000 + 70000 * i);
    for (size_t i = 0; i < HELD; i++)
        superslab_free(blocks[i]);
}

static void child_main(void *number) {
    rng random = {seed + (uintptr_t)number};
    const superslab_stats before = stats_now();
    stats_check_consistent(&before);
    static extent extents[SPANS];
    for (size_t i = 0; i < SPANS; i++) {
        const size_t size = rng_between(&random, 66000, 260000);
        extents[i] = (extent){(uintptr_t)block_new(size), size};
    }
    extents_check_disjoint(extents, SPANS);
    for (size_t i = 0; i < SPANS; i++)
        superslab_free((void *)extents[i].start);
    stats_check_returned(&before);
    /* All heaps are theirs at once, and empty when they end. */
    team_run(HEIRS, heir, NULL);
    superslab_trim();
    CHECK_EQ(stats_now().cached_blocks, 0);
    stats_check_returned(&before);
}

int main(int argc, char **argv) {
    if (CHECK_SANITIZED)
        check_skip("ThreadSanitizer still knows the parent's threads in the child");
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads have no large caches");
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, WORKERS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
