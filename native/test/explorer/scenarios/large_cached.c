/* A thread uses its large cache while another one parks it and gives the cached spans back, and a third takes spans;
 * two threads with caches free one large block at once; and one frees a block that another one makes longer. */
#include "scenarios.h"

#include "front/cold.h"
#include "undo.h"

#include "background/park.h"
#include "slab/block.h"

enum { LARGE = 200 << 10 };

static void *twice, *grown;

/* The calling thread has a cache afterwards, with a span in it. */
static void cache_make(void) {
    for (unsigned i = 0; i <= SS_LARGE_CACHE_FREES; i++)
        superslab_free(superslab_malloc(LARGE));
    superslab_stats stats;
    superslab_get_stats(&stats);
    EXPLORER_CHECK(stats.cached_bytes >= LARGE);
}

static void take_and_put(void) {
    void *block = superslab_malloc(LARGE);
    block_claim(block);
    block_drop(block);
    superslab_free(block);
}

static void flush_all(void) {
    ss_faults faults = {.count = 0};
    EXPLORER_CHECK(ss_park_and_flush(&faults));
    EXPLORER_CHECK(faults.count == 0);
}

static void setup(void) {
    explorer_become(0);
    cache_make();
    explorer_become(2);
    superslab_free(superslab_malloc(16));
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
        take_and_put();
        break;
    case 1:
        flush_all();
        break;
    case 2:
        take_and_put();
        break;
    }
}

static void check(void) {
    for (unsigned i = 0; i < 3; i += 2) {
        explorer_become(i);
        platform_thread_end();
    }
    check_nothing_left();
}

const explorer_scenario scenario_large_cached = {
    .name = "large-cached",
    .title = "a thread anywhere in its large cache, parked and flushed by another",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- two threads free one block ---- */

static void twice_setup(void) {
    explorer_become(0);
    cache_make();
    twice = superslab_malloc(LARGE);
    double_frees_expect(twice);
    explorer_become(2);
    cache_make();
    void *block = superslab_malloc(LARGE);
    ss_flush_own_heap(); /* and frees past the cache to begin with */
    superslab_free(block);
}

static void twice_thread(unsigned index) {
    if (index == 1)
        flush_all();
    else
        superslab_free(twice);
}

static void twice_check(void) {
    EXPLORER_CHECK(double_frees() == 1);
    void *blocks[2];
    for (unsigned i = 0; i < 2; i++) {
        explorer_become(2 * i);
        block_claim(blocks[i] = superslab_malloc(LARGE));
    }
    for (unsigned i = 0; i < 2; i++) {
        block_drop(blocks[i]);
        superslab_free(blocks[i]);
    }
    check();
}

const explorer_scenario scenario_large_twice = {
    .name = "large-twice",
    .title =
        "two threads with large caches free one large block at once, while a third flushes them",
    .threads = 3,
    .setup = twice_setup,
    .thread = twice_thread,
    .check = twice_check,
};

/* ---- one thread frees a block while another makes it longer ---- */

enum { SHORT = 100 << 10, LONGER = 140 << 10, GRANULES_MOST = 32 };

static void misused(superslab_error error, const void *pointer, void *context) {
    (void)error, (void)context;
    EXPLORER_CHECK(pointer == twice);
}

static void grown_setup(void) {
    superslab_set_error_handler(misused, NULL);
    explorer_become(1);
    cache_make();
    explorer_become(0);
    twice = superslab_malloc(SHORT);
}

static void grown_thread(unsigned index) {
    if (index == 1) {
        superslab_free(twice);
        return;
    }
    void *block = superslab_realloc(twice, LONGER);
    undo_write(&grown, &block, sizeof block);
}

/* The block has been freed, also where it is longer now: no granule is in two blocks, and none is counted twice. */
static void grown_check(void) {
    superslab_inspection inspection;
    superslab_inspect((uintptr_t)grown, &inspection);
    if (inspection.kind == SUPERSLAB_ADDRESS_LIVE)
        block_claim(grown);
    for (unsigned i = 0; i < 4; i++) {
        explorer_become(i % 2);
        block_claim(superslab_malloc(i < 2 ? SHORT : LONGER));
        EXPLORER_CHECK(ss_space_headless()->used_granules <= GRANULES_MOST);
    }
}

const explorer_scenario scenario_large_grown = {
    .name = "large-grown",
    .title = "a thread makes a large block longer, which another frees, although it must not",
    .threads = 2,
    .setup = grown_setup,
    .thread = grown_thread,
    .check = grown_check,
};

/* The thread that frees has no large cache: the block goes back to its space, and is one run with the free granule behind it,
 * whose node then says how long the run is. */
static void given_setup(void) {
    superslab_set_error_handler(misused, NULL);
    explorer_become(1);
    superslab_free(superslab_malloc(16));
    explorer_become(0);
    twice = superslab_malloc(LONGER);
    block_claim(superslab_malloc(SHORT));
    EXPLORER_CHECK(superslab_realloc(twice, SHORT) == twice);
}

const explorer_scenario scenario_large_grown_given = {
    .name = "large-grown-given",
    .title = "the same, and the block joins the free memory behind it",
    .threads = 2,
    .setup = given_setup,
    .thread = grown_thread,
    .check = grown_check,
};
