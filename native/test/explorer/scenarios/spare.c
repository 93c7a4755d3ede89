/* A slab whose last blocks come back stays listed as a spare: two threads complete it, one adopts it and takes
 * from it, and the scavenger visits the list, whose slabs are its own for that long. */
#include "scenarios.h"

#include "slab/purge.h"

static void *blocks[2];

static void setup(void) {
    ss_process_init();
    records_are_reborn();
    ss_slab *slab = ss_slab_make(headed_space(), four_blocks_bin(), 1);
    EXPLORER_CHECK(slab != NULL && ss_slab_take(slab, blocks, 2) == 2);
    for (unsigned i = 0; i < 2; i++)
        block_claim(blocks[i]);
    EXPLORER_CHECK(ss_slab_abandon(slab));
}

static void adopt_and_use(void) {
    ss_slab *slab = ss_slab_adopt(headed_space(), four_blocks_bin(), 3);
    void *block;
    if (slab == NULL)
        return;
    slab_claim(slab);
    EXPLORER_CHECK(ss_slab_take(slab, &block, 1) == 1);
    block_claim(block);
    block_give(block, 3, false);
    slab_drop(slab);
    ss_slab_abandon(slab);
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
    case 1:
        block_give(blocks[index], 1 + index, index == 1);
        break;
    case 2:
        adopt_and_use();
        break;
    case 3:
        ss_purge_idle_slabs(headed_space(), false, SS_NO_END);
        break;
    }
}

static void check(void) {
    ss_space *space = headed_space();
    listed_end(four_blocks_bin());
    check_nothing_left();
    EXPLORER_CHECK(atomic_load(ss_slab_spares(space, four_blocks_bin())) == 0);
    EXPLORER_CHECK(atomic_load(&space->slabs.spare_granules) == 0);
}

const explorer_scenario scenario_spare = {
    .name = "spare",
    .title = "a slab becomes a spare, is adopted, and is looked at by the scavenger",
    .threads = 4,
    .setup = setup,
    .thread = thread,
    .check = check,
};
