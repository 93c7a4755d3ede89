/* The hot path of one thread, stopped at any access for any time, while another thread parks it and flushes its bins; a
 * third thread frees a block of it. */
#include "scenarios.h"

#include "background/park.h"
#include "undo.h"

static void *kept, *given;

static void setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    explorer_become(0);
    kept = superslab_malloc(size);
    given = superslab_malloc(size);
    superslab_free(superslab_malloc(size)); /* so that the bin is neither empty nor full */
    block_claim(kept);
    block_claim(given);
    explorer_become(2);
    superslab_free(superslab_malloc(16));
}

static void thread(unsigned index) {
    switch (index) {
    case 0: {
        block_drop(kept);
        superslab_free(kept);
        void *block = superslab_malloc(four_blocks_size());
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        break;
    }
    case 1: {
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(ss_park_and_flush(&faults));
        EXPLORER_CHECK(faults.count == 0);
        break;
    }
    case 2:
        block_drop(given);
        superslab_free(given);
        break;
    }
}

static void check(void) {
    for (unsigned i = 0; i < 3; i += 2) {
        explorer_become(i);
        platform_thread_end();
    }
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_sleep = {
    .name = "sleep",
    .title = "a thread anywhere on the hot path, parked and flushed by another",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- the same for a thread that ends, and for one that is born into its heap ---- */

static void end_thread(unsigned index) {
    switch (index) {
    case 0:
        block_drop(kept);
        superslab_free(kept);
        platform_thread_end();
        break;
    case 1: {
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(ss_park_and_flush(&faults));
        EXPLORER_CHECK(faults.count == 0);
        break;
    }
    case 2: {
        block_drop(given);
        superslab_free(given);
        platform_thread_end();
        break;
    }
    case 3: {
        void *block = superslab_malloc(four_blocks_size());
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
        break;
    }
    }
}

static void end_check(void) {
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_sleep_end = {
    .name = "sleep-end",
    .title = "threads that end and are born while another one parks them",
    .threads = 4,
    .setup = setup,
    .thread = end_thread,
    .check = end_check,
};

/* ---- a thread whose bin is empty: no block goes back, but the slots do ---- */

static void *all[4];

static void empty_setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    explorer_become(0);
    for (unsigned i = 0; i < 4; i++)
        block_claim(all[i] = superslab_malloc(size));
    explorer_become(2);
    superslab_free(superslab_malloc(16));
}

static void empty_thread(unsigned index) {
    switch (index) {
    case 0:
        block_drop(all[0]);
        superslab_free(all[0]);
        break;
    case 1: {
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(ss_park_and_flush(&faults));
        break;
    }
    }
}

static void empty_check(void) {
    explorer_become(0);
    for (unsigned i = 1; i < 4; i++) {
        block_drop(all[i]);
        superslab_free(all[i]);
    }
    check();
}

const explorer_scenario scenario_sleep_empty = {
    .name = "sleep-empty",
    .title = "a thread with an empty bin, parked and flushed by another",
    .threads = 2,
    .setup = empty_setup,
    .thread = empty_thread,
    .check = empty_check,
};

/* ---- a thread at work, whose bins grow old ---- */

enum { TICKS = 2, BINS_BYTES = 2 * SS_SCAVENGER_END_BYTES };

static void age_setup(void) {
    setup();
    /* As if other bins held much: these alone are too few to be visited. */
    atomic_fetch_add_explicit(&ss_signals->bins_bytes, BINS_BYTES, memory_order_relaxed);
}

static void age_thread(unsigned index) {
    if (index != 1) {
        thread(index);
        return;
    }
    for (unsigned tick = 0; tick < TICKS; tick++) {
        uint32_t cold = 0;
        ss_faults faults = {.count = 0};
        ss_park_sleepers(TICKS + 1, &cold, &faults);
        EXPLORER_CHECK(ss_park_workers(TICKS + 1, &faults));
        EXPLORER_CHECK(faults.count == 0);
    }
}

static void age_check(void) {
    atomic_fetch_sub_explicit(&ss_signals->bins_bytes, BINS_BYTES, memory_order_relaxed);
    check();
}

const explorer_scenario scenario_age = {
    .name = "age",
    .title =
        "a thread anywhere on the hot path, while another one gives back what grew old in its bins",
    .threads = 3,
    .setup = age_setup,
    .thread = age_thread,
    .check = age_check,
};

/* ---- a heap is made while threads at work are looked for ---- */

static ss_heap *made;

static void heap_setup(void) {
    uint32_t cold = 0;
    ss_faults faults = {.count = 0};
    EXPLORER_CHECK(ss_process_ready());
    explorer_become(0);
    superslab_free(superslab_malloc(four_blocks_size()));
    ss_park_sleepers(TICKS + 1, &cold, &faults); /* finds the thread at work */
}

static void heap_thread(unsigned index) {
    if (index == 0) {
        ss_heap *heap = ss_heap_acquire();
        EXPLORER_CHECK(heap != NULL);
        undo_write(&made, &heap, sizeof heap);
    } else {
        ss_faults faults = {.count = 0};
        EXPLORER_CHECK(!ss_park_workers(TICKS + 1, &faults)); /* all bins together hold little */
    }
}

static void heap_check(void) {
    ss_faults faults = {.count = 0};
    ss_heap_give_up(made, &faults);
    explorer_become(0);
    platform_thread_end();
    check_nothing_left();
}

const explorer_scenario scenario_age_heap = {
    .name = "age-heap",
    .title = "a heap is made while it is added up what threads at work hold",
    .threads = 2,
    .setup = heap_setup,
    .thread = heap_thread,
    .check = heap_check,
};
