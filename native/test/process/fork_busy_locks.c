/* fork while other threads do nothing but what takes locks: spans, slabs, regions, heaps, purges. The child
 * finds all of it whole. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "extent.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { WORKERS = 4, CHILDREN = CHECK_SCALED(100), HELD = 64, SPANS = 150 };

static atomic_bool finished;
static void *region_memory;
static uint64_t seed;

/* Blocks are not touched: the time goes into the allocator. */
static void spans(rng *random) {
    static _Thread_local void *held[HELD];
    for (int i = 0; i < 200; i++) {
        void **one = &held[rng_below(random, HELD)];
        superslab_free(*one);
        *one = block_new(rng_between(random, 66000, 1 << 20));
    }
    for (size_t i = 0; i < HELD; i++) {
        superslab_free(held[i]);
        held[i] = NULL;
    }
}

static void slabs(rng *random) {
    void *held[HELD];
    const size_t size = rng_between(random, 8000, 60000);
    for (size_t i = 0; i < HELD; i++)
        held[i] = block_new(size);
    for (size_t i = 0; i < HELD; i++)
        superslab_free(held[i]);
    superslab_trim();
}

static void *short_life(void *unused) {
    (void)unused;
    superslab_free(block_new(100));
    return NULL;
}

static void regions_and_heaps(void) {
    superslab_region *region = superslab_region_adopt(region_memory, 1 << 20, 1 << 20);
    CHECK(region != NULL);
    uint32_t offset;
    CHECK_EQ(superslab_region_take(region, 1000, &offset, 1), 1);
    superslab_region_retire(region);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, short_life, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        if (index < 2)
            spans(&random);
        else if (index == 2)
            slabs(&random);
        else
            regions_and_heaps();
    }
}

static void child_main(void *number) {
    rng random = {seed + (uintptr_t)number};
    const superslab_stats before = stats_now();
    stats_check_consistent(&before);
    static extent extents[2 * SPANS];
    for (size_t i = 0; i < 2 * SPANS; i++) {
        const size_t size =
            i < SPANS ? rng_between(&random, 66000, 1 << 20) : rng_between(&random, 1, 60000);
        extents[i] = (extent){(uintptr_t)block_new(size), size};
    }
    extents_check_disjoint(extents, 2 * SPANS);
    for (size_t i = 0; i < 2 * SPANS; i++)
        superslab_free((void *)extents[i].start);
    superslab_trim();
    stats_check_returned(&before);
    superslab_region *region = superslab_region_adopt(region_memory, 1 << 20, 1 << 20);
    CHECK(region != NULL);
    superslab_region_retire(region);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    region_memory = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(region_memory != MAP_FAILED);
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, WORKERS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
