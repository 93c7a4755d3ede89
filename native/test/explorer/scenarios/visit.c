/* All blocks are visited while the thread whose bin is read allocates and frees on its hot paths. */
#include "scenarios.h"

#include "base/thread.h"

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
