/* A slab of four blocks. Three are out; its owner takes the fourth, gives it back and abandons the slab;
 * another owner adopts it or makes one; two remote threads give the three back, one of them ready to adopt. */
#include "scenarios.h"

static ss_slab *slab;
static void *blocks[3];

static void setup(void) {
    ss_process_init();
    spares_forbid(four_blocks_bin());
    records_are_reborn();
    slab = ss_slab_acquire(four_blocks_bin(), 1, NULL);
    EXPLORER_CHECK(slab != NULL && ss_slab_take(slab, blocks, 3) == 3);
    for (unsigned i = 0; i < 3; i++)
        block_claim(blocks[i]);
    slab_claim(slab);
}

static void use(uint32_t owner, ss_slab *owned) {
    void *taken[4];
    const uint32_t count = ss_slab_take(owned, taken, 2);
    for (uint32_t i = 0; i < count; i++)
        block_claim(taken[i]);
    for (uint32_t i = 0; i < count; i++)
        block_give(taken[i], owner, false);
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
        use(1, slab);
        slab_drop(slab);
        ss_slab_abandon(slab);
        break;
    case 1: {
        /* Otherwise one of its own, perhaps in the place of the first slab, which has ended. */
        ss_slab *owned = ss_slab_adopt(headed_space(), four_blocks_bin(), 2);
        if (owned == NULL)
            owned = ss_slab_make(headed_space(), four_blocks_bin(), 2);
        slab_claim(owned);
        use(2, owned);
        slab_drop(owned);
        ss_slab_abandon(owned);
        break;
    }
    case 2:
        block_give(blocks[0], 3, false);
        break;
    case 3:
        block_give(blocks[1], 4, true);
        block_give(blocks[2], 4, false);
        break;
    }
}

static void check(void) {
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_ownership = {
    .name = "ownership",
    .title = "take, give, abandon and adopt: two owners, two remote threads",
    .threads = 4,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- a slab that its owner empties ---- */

static void full_thread(unsigned index) {
    switch (index) {
    case 0: {
        /* Takes the last block and lets the slab go as full, unless one has come back meanwhile. */
        void *last;
        EXPLORER_CHECK(ss_slab_take(slab, &last, 1) == 1);
        block_claim(last);
        slab_drop(slab);
        if (!ss_slab_abandon_full(slab))
            ss_slab_abandon(slab);
        block_give(last, 1, true);
        break;
    }
    case 1: {
        ss_slab *owned = ss_slab_adopt(headed_space(), four_blocks_bin(), 2);
        if (owned == NULL)
            break;
        slab_claim(owned);
        use(2, owned);
        slab_drop(owned);
        ss_slab_abandon(owned);
        break;
    }
    case 2:
        block_give(blocks[0], 3, false);
        break;
    case 3:
        block_give(blocks[1], 4, false);
        block_give(blocks[2], 4, true);
        break;
    }
}

const explorer_scenario scenario_full = {
    .name = "full",
    .title = "a slab is emptied and let go while its blocks come back",
    .threads = 4,
    .setup = setup,
    .thread = full_thread,
    .check = check,
};
