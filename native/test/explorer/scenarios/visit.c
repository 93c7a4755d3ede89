/* All blocks are visited while the thread whose bin is read allocates and frees on its hot paths, while a heap is made,
 * and while a region is retired. */
#include "scenarios.h"

#include "base/thread.h"
#include "heap/heap.h"
#include "undo.h"

static void *kept;

static void setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    explorer_become(0);
    kept = superslab_malloc(size);
    superslab_free(superslab_malloc(size));
}

/* The number of times that the kept block is visited, each time as live. */
static int note(const superslab_inspection *block, void *context) {
    if (block->block != (uintptr_t)kept)
        return 0;
    EXPLORER_CHECK(block->kind == SUPERSLAB_ADDRESS_LIVE);
    ++*(unsigned *)context;
    return 0;
}

static void thread(unsigned index) {
    if (index == 0) {
        void *block = superslab_malloc(four_blocks_size());
        EXPLORER_CHECK(block != NULL && block != kept);
        superslab_free(block);
    } else {
        unsigned visits = 0;
        EXPLORER_CHECK(superslab_visit(kept, note, &visits) == 0);
        EXPLORER_CHECK(visits == 1);
    }
}

static void check(void) {
    explorer_become(0);
    superslab_free(kept);
    platform_thread_end();
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_visit = {
    .name = "visit",
    .title = "all blocks are visited while a thread uses its bins",
    .threads = 2,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- a heap is made ---- */

static ss_heap *made;

static int pass(const superslab_inspection *block, void *context) {
    (void)block;
    (void)context;
    return 0;
}

static void heap_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
}

static void heap_thread(unsigned index) {
    if (index == 0) {
        ss_heap *heap = ss_heap_acquire();
        EXPLORER_CHECK(heap != NULL);
        undo_write(&made, &heap, sizeof heap);
    } else {
        EXPLORER_CHECK(superslab_visit(NULL, pass, NULL) == 0);
    }
}

static void heap_check(void) {
    ss_faults faults = {.count = 0};
    ss_heap_give_up(made, &faults);
    check_nothing_left();
}

const explorer_scenario scenario_visit_heap = {
    .name = "visit-heap",
    .title = "a heap is made while all blocks are visited",
    .threads = 2,
    .setup = heap_setup,
    .thread = heap_thread,
    .check = heap_check,
};

/* ---- a region is retired ---- */

enum { REGION_BYTES = 2 * 64 << 10 };

static _Alignas(1 << 16) char memory[REGION_BYTES];
static superslab_region *region;

static void gone_setup(void) {
    region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
    uint32_t offset;
    EXPLORER_CHECK(region != NULL && superslab_region_take(region, 16, &offset, 1) == 1);
}

static void gone_thread(unsigned index) {
    if (index == 0)
        superslab_region_retire(region);
    else
        EXPLORER_CHECK(superslab_visit(NULL, pass, NULL) == 0);
}

const explorer_scenario scenario_visit_gone = {
    .name = "visit-gone",
    .title = "a region is retired while all blocks are visited",
    .threads = 2,
    .setup = gone_setup,
    .thread = gone_thread,
    .check = check_nothing_left,
};
