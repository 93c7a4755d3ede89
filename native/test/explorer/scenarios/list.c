/* Three slabs are on the list of their class, and one block of each is missing. One thread pops two and pushes them
 * back in reverse order, one pops one and uses it, one gives a slab its last block, on the list or off it. A list head
 * that has its old value again must not be taken for unchanged (ABA). */
#include "scenarios.h"

static void *missing[3];

static void setup(void) {
    ss_process_init();
    records_are_reborn();
    ss_slab *slabs[3];
    for (unsigned i = 0; i < 3; i++) {
        slabs[i] = ss_slab_make(headed_space(), four_blocks_bin(), 1);
        EXPLORER_CHECK(slabs[i] != NULL && ss_slab_take(slabs[i], &missing[i], 1) == 1);
        block_claim(missing[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        ss_slab_abandon(slabs[i]);
}

static ss_slab *adopt(uint32_t owner) {
    ss_slab *slab = ss_slab_adopt(headed_space(), four_blocks_bin(), owner);
    if (slab != NULL)
        slab_claim(slab);
    return slab;
}

static void abandon(ss_slab *slab) {
    if (slab == NULL)
        return;
    slab_drop(slab);
    ss_slab_abandon(slab);
}

static void thread(unsigned index) {
    switch (index) {
    case 0: {
        ss_slab *first = adopt(1), *second = adopt(1);
        abandon(first);
        abandon(second);
        break;
    }
    case 1: {
        ss_slab *slab = adopt(2);
        void *block;
        if (slab != NULL && ss_slab_take(slab, &block, 1) == 1) {
            block_claim(block);
            block_give(block, 2, false);
        }
        abandon(slab);
        break;
    }
    case 2:
        block_give(missing[2], 3, false);
        break;
    }
}

static void check(void) {
    block_give(missing[0], 9, false);
    block_give(missing[1], 9, false);
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_list = {
    .name = "list",
    .title = "the list of abandoned slabs: pops, pushes and ends that overlap",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};
