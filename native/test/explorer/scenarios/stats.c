/* Statistics while what they count moves: bins of a sleeping thread go back to their slabs, a heap is made, a
 * region comes and goes. */
#include "scenarios.h"

#include "background/park.h"
#include "heap/heap.h"
#include "space/grow.h"
#include "space/large.h"
#include "undo.h"

static uint64_t live;

static uint64_t live_now(void) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    return stats.live_blocks;
}

static void *kept;

static void setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    explorer_become(2);
    kept = superslab_malloc(size);
    superslab_free(superslab_malloc(size));
    explorer_become(0);
    live = live_now();
    EXPLORER_CHECK(live == 1);
}

static void thread(unsigned index) {
    if (index == 0) {
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(ss_park_and_flush(&faults));
    } else {
        EXPLORER_CHECK(live_now() == live);
    }
}

static void check(void) {
    explorer_become(2);
    superslab_free(kept);
    platform_thread_end();
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_stats = {
    .name = "stats",
    .title = "the bins of a sleeping thread are flushed while what is live is counted",
    .threads = 2,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- heaps and regions ---- */

enum { REGION_BYTES = 2 * 64 << 10 };

static _Alignas(1 << 16) char memory[REGION_BYTES];

static void count_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    /* One that is gone, so that its place is used again. */
    superslab_region_retire(superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES));
}

static void count_thread(unsigned index) {
    switch (index) {
    case 0:
        superslab_free(superslab_malloc(four_blocks_size()));
        platform_thread_end();
        break;
    case 1: {
        superslab_region *region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
        EXPLORER_CHECK(region != NULL);
        superslab_region_retire(region);
        break;
    }
    case 2:
        live_now();
        break;
    }
}

static void count_check(void) {
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_count = {
    .name = "count",
    .title = "a thread is born and a region comes and goes while all is counted",
    .threads = 3,
    .setup = count_setup,
    .thread = count_thread,
    .check = count_check,
};

/* ---- a heap is made, and nothing else ---- */

static ss_heap *made;

static void heap_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
}

static void heap_thread(unsigned index) {
    if (index == 0) {
        ss_heap *heap = ss_heap_acquire();
        EXPLORER_CHECK(heap != NULL);
        undo_write(&made, &heap, sizeof heap);
    } else if (index == 1) {
        EXPLORER_CHECK(live_now() == 0);
    } else {
        uint32_t cold = 0;
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(!ss_park_workers(1, &faults));
        EXPLORER_CHECK(!ss_park_sleepers(1, &cold, &faults));
    }
}

static void heap_check(void) {
    ss_faults faults = {.count = 0};
    ss_heap_give_up(made, &faults);
    check_nothing_left();
}

const explorer_scenario scenario_heap = {
    .name = "heap",
    .title = "a heap is made while all is counted, and while sleepers are looked for",
    .threads = 3,
    .setup = heap_setup,
    .thread = heap_thread,
    .check = heap_check,
};

/* ---- a region is retired, and nothing else ---- */

static superslab_region *counted;

static void gone_setup(void) {
    counted = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
    uint32_t offset;
    EXPLORER_CHECK(counted != NULL && superslab_region_take(counted, 16, &offset, 1) == 1);
}

static void gone_thread(unsigned index) {
    if (index == 0)
        superslab_region_retire(counted);
    else
        EXPLORER_CHECK(live_now() <= 1);
}

const explorer_scenario scenario_gone = {
    .name = "gone",
    .title = "a region is retired while all is counted",
    .threads = 2,
    .setup = gone_setup,
    .thread = gone_thread,
    .check = check_nothing_left,
};

/* ---- a window, of which no granule has an entry yet ---- */

static _Alignas(1 << 12) uint8_t table[REGION_BYTES >> SS_LIVE_SHIFT];
static ss_space *window;

static void window_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    window = ss_space_adopt(memory, REGION_BYTES, REGION_BYTES, table);
    EXPLORER_CHECK(window != NULL);
}

static void window_thread(unsigned index) {
    if (index == 0)
        EXPLORER_CHECK(ss_space_take(window, 1, 1, NULL) == 1);
    else
        EXPLORER_CHECK(live_now() <= 1);
}

static void window_check(void) {
    EXPLORER_CHECK(ss_large_give(window, 1));
    ss_space_retire(window);
    check_nothing_left();
}

const explorer_scenario scenario_count_window = {
    .name = "count-window",
    .title = "the first block of a window is taken while all is counted",
    .threads = 2,
    .setup = window_setup,
    .thread = window_thread,
    .check = window_check,
};
