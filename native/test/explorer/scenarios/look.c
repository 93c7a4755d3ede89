/* Questions about addresses while what lies there changes: a slab is made, a space is added. */
#include "scenarios.h"

#include "undo.h"

enum { HUGE = 6 << 20 };

static uintptr_t probed;
static size_t stride;

static void look_at(uintptr_t address) {
    superslab_inspection inspection;
    superslab_inspect(address, &inspection);
    if (inspection.block == 0)
        return;
    EXPLORER_CHECK(inspection.stride == stride);
    EXPLORER_CHECK(address - inspection.block < stride);
}

/* ---- a slab where none was ---- */

static void made_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    stride = four_blocks_size() + 1;
    /* Where the first slab of the space will be. */
    probed = headed_space()->base + 3 * stride;
}

static void made_thread(unsigned index) {
    if (index == 0) {
        void *block = superslab_malloc(four_blocks_size());
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
    } else {
        look_at(probed);
        look_at(probed - 2 * stride);
    }
}

const explorer_scenario scenario_made = {
    .name = "made",
    .title = "a slab is made while others ask what lies there",
    .threads = 3,
    .setup = made_setup,
    .thread = made_thread,
    .check = check_nothing_left,
};

/* ---- a space where none was ---- */

static void space_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
}

static void space_thread(unsigned index) {
    if (index < 2) {
        void *block = superslab_malloc(HUGE);
        EXPLORER_CHECK(block != NULL);
        undo_write(&probed, &block, sizeof block);
        superslab_free(block);
    } else {
        superslab_inspection inspection;
        superslab_inspect((uintptr_t)&inspection, &inspection);
        EXPLORER_CHECK(inspection.block == 0);
        superslab_inspect(probed, &inspection);
    }
}

const explorer_scenario scenario_space = {
    .name = "space",
    .title = "two threads add a space at once while a third asks about addresses",
    .threads = 3,
    .setup = space_setup,
    .thread = space_thread,
    .check = check_nothing_left,
};
