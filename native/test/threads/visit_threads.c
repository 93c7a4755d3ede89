/* superslab_visit while others allocate, free, trim, start and end, adopt and retire regions, and use a window: each
 * block that is held all the time is visited once, as live, and addresses ascend. */
#include "block.h"
#include "check.h"
#include "isolate.h"
#include "rng.h"
#include "stats.h"
#include "table.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 5, HELD = 3000, WALKS = CHECK_SCALED(60), BLOCKS = 500, REGION = 1 << 20 };
enum { IN_WINDOW = 40, WINDOW = 4 << 20 };

static void **held;
static unsigned char *seen;
static atomic_bool finished;
static uint64_t seed;
static unsigned char *region_memory;
static window_memory window;
static isolate one;

static bool is_over(void) {
    return atomic_load_explicit(&finished, memory_order_relaxed);
}

static int by_address(const void *a, const void *b) {
    const uintptr_t left = (uintptr_t) * (void *const *)a, right = (uintptr_t) * (void *const *)b;
    return left < right ? -1 : left > right;
}

/* ---- those at work ---- */

static void *live_for_a_moment(void *unused) {
    void *blocks[50];
    for (unsigned i = 0; i < 50; i++)
        blocks[i] = block_new(40 + i * 30);
    for (unsigned i = 0; i < 50; i++)
        superslab_free(blocks[i]);
    return unused;
}

static void allocate(unsigned index) {
    rng random = {seed + index};
    void *blocks[BLOCKS] = {NULL};
    for (unsigned round = 0; !is_over(); round++) {
        const size_t i = rng_below(&random, BLOCKS);
        superslab_free(blocks[i]);
        blocks[i] = round % 100 == 0 ? block_new(100000) : block_new(rng_log_size(&random, 20000));
        if (round % 20 == 0) {
            superslab_free(blocks[0]);
            blocks[0] = block_new_aligned(64, rng_log_size(&random, 70000));
        }
        if (index == 1 && round % 2000 == 0)
            superslab_trim();
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
}

static void come_and_go(void) {
    while (!is_over()) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, live_for_a_moment, NULL), 0);
        pthread_join(thread, NULL);
        superslab_region *region = superslab_region_adopt(region_memory, REGION, REGION);
        uint32_t offsets[50];
        CHECK(region != NULL);
        CHECK_EQ(superslab_region_take(region, 3000, offsets, 50), 50);
        superslab_region_retire(region);
    }
}

static void use_window(void) {
    rng random = {seed};
    uint32_t blocks[IN_WINDOW];
    for (unsigned i = 0; i < IN_WINDOW; i++)
        CHECK_NE(blocks[i] = isolate_malloc(&one, 16 + i * 8), ISOLATE_NONE);
    while (!is_over()) {
        const size_t i = rng_below(&random, IN_WINDOW);
        CHECK_EQ(isolate_free(&one, blocks[i]), SUPERSLAB_OK);
        CHECK_NE(blocks[i] = isolate_malloc(&one, rng_log_size(&random, 5000)), ISOLATE_NONE);
    }
    for (unsigned i = 0; i < IN_WINDOW; i++)
        CHECK_EQ(isolate_free(&one, blocks[i]), SUPERSLAB_OK);
}

/* ---- the walk ---- */

static int note(const superslab_inspection *block, void *context) {
    uintptr_t *last = context;
    void *key = (void *)block->block;
    void **at = bsearch(&key, held, HELD, sizeof *held, by_address);
    CHECK_LE(block->usable_size, block->stride);
    CHECK_GT(block->usable_size, 0);
    if (at != NULL) {
        CHECK_THAT(block->kind == SUPERSLAB_ADDRESS_LIVE, "%p is of kind %d", key, block->kind);
        CHECK_THAT(seen[at - held]++ == 0, "%p is visited twice", key);
    }
    if (last != NULL) {
        CHECK_GT(block->block, *last);
        *last = block->block;
    }
    return 0;
}

static void walk(void) {
    for (unsigned i = 0; i < WALKS; i++) {
        memset(seen, 0, HELD);
        CHECK_EQ(superslab_visit(NULL, note, NULL), 0);
        for (unsigned block = 0; block < HELD; block++)
            CHECK_THAT(seen[block] == 1, "walk %u does not visit %p", i, held[block]);
        uintptr_t last = 0;
        memset(seen, 0, HELD);
        CHECK_EQ(superslab_visit(held[0], note, &last), 0);
        last = 0;
        superslab_visit(region_memory, note, &last); /* it may not be there */
        last = 0;
        CHECK_EQ(superslab_visit(window.base, note, &last), 0);
    }
    atomic_store(&finished, true);
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index == 0)
        walk();
    else if (index == 1 || index == 2)
        allocate(index);
    else if (index == 3)
        come_and_go();
    else
        use_window();
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    held = table_new(HELD, sizeof *held);
    seen = table_new(HELD, 1);
    region_memory = table_new(1, REGION);
    window = window_map(WINDOW);
    CHECK(isolate_join(&one, &window));
    rng random = {seed};
    for (size_t i = 0; i < HELD; i++)
        held[i] = i % 100 == 0 ? block_new(70000 + i) : block_new(rng_log_size(&random, 30000));
    qsort(held, HELD, sizeof *held, by_address);
    team_run(THREADS, work, NULL);
    isolate_leave(&one);
    for (size_t i = 0; i < HELD; i++)
        superslab_free(held[i]);
    stats_check_returned(&before);
}
