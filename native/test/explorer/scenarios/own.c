/* Slabs of four blocks that a heap owns in a ring: it gives back and takes by plain stores, abandons a slab when it has
 * taken its last block and adopts it again, while other threads give to the same slabs, adopt them and look blocks up
 * in them. */
#include "scenarios.h"

#include "base/report.h"
#include "slab/block.h"
#include "slab/owner.h"
#include "undo.h"

static ss_ring ring; /* of owner 1, thread 0's */
static ss_slab *slab;
static void *blocks[4], *others[4];

/* The owner's slab, all its blocks taken. */
static ss_slab *empty_slab(void *taken[4]) {
    ss_slab *made = ss_slab_make(headed_space(), four_blocks_bin(), 1);
    EXPLORER_CHECK(made != NULL && ss_slab_take(made, taken, 4) == 4);
    for (unsigned i = 0; i < 4; i++)
        block_claim(taken[i]);
    return made;
}

static void setup(void) {
    ring = (ss_ring){NULL, 0};
    ss_process_init();
    records_are_reborn();
    slab = empty_slab(blocks);
    slab_claim(slab);
    ss_ring_add(&ring, slab);
}

/* As the heap of thread 0; returns the number of faults. */
static uint32_t give_faulty(void *block, uint32_t owner, ss_ring *owners) {
    ss_faults faults = {.count = 0};
    ss_giver giver = {
        .owner = owner, .wanted = four_blocks_bin(), .ring = owners, .keeps = owner == 1};
    if (owner != 1)
        giver.wanted = SS_BIN_COUNT;
    ss_slab_give(&block, 1, four_blocks_bin(), &giver, &faults);
    return faults.count;
}

static void give_own(void *block) {
    const bool had = ring.first != NULL;
    block_drop(block);
    EXPLORER_CHECK(give_faulty(block, 1, &ring) == 0);
    if (!had && ring.first != NULL)
        slab_claim(ring.first);
}

/* Takes the available blocks; lets the slab go if they were its last ones, as a heap does. */
static uint32_t take_all(void *taken[4]) {
    const uint32_t count = ss_slab_take(ring.first, taken, 4);
    for (uint32_t i = 0; i < count; i++)
        block_claim(taken[i]);
    ss_slab *first = ring.first;
    ss_ring_drop(&ring, first);
    slab_drop(first);
    if (!ss_slab_abandon_full(first)) {
        slab_claim(first);
        ss_ring_add(&ring, first);
    }
    return count;
}

static void let_go(void) {
    for (ss_slab *first; (first = ring.first) != NULL;) {
        slab_drop(first);
        ss_ring_drop(&ring, first);
        ss_slab_abandon(first);
    }
}

static void adopt_and_use(uint32_t owner) {
    ss_slab *owned = ss_slab_adopt(headed_space(), four_blocks_bin(), owner);
    if (owned == NULL)
        return;
    void *taken;
    slab_claim(owned);
    const bool any = ss_slab_take(owned, &taken, 1) == 1;
    if (any) {
        block_claim(taken);
        block_give(taken, owner, false);
    }
    slab_drop(owned);
    ss_slab_abandon(owned);
}

static void check(void) {
    listed_end(four_blocks_bin());
    check_nothing_left();
}

/* ---- own ---- */

static void own_thread(unsigned index) {
    switch (index) {
    case 0: {
        void *taken[4];
        give_own(blocks[0]);
        const uint32_t count = take_all(taken);
        for (uint32_t i = 0; i < count; i++)
            give_own(taken[i]); /* the slab is full, and this heap's again, or listed by another */
        let_go();
        break;
    }
    case 1:
        block_give(blocks[1], 2, false);
        block_give(blocks[2], 2, true);
        break;
    case 2:
        adopt_and_use(3);
        break;
    }
}

static void own_check(void) {
    block_give(blocks[3], 9, false);
    check();
}

const explorer_scenario scenario_own = {
    .name = "own",
    .title =
        "an owner's plain bits, a slab that it lets go and has again, others that give and adopt",
    .threads = 3,
    .setup = setup,
    .thread = own_thread,
    .check = own_check,
};

/* ---- a slab of a ring that becomes whole ---- */

static void whole_setup(void) {
    setup();
    ss_ring_add(&ring, empty_slab(others));
    /* The one that ends first may be taken by another before it can be dropped here. */
    slab_drop(slab);
}

static void whole_thread(unsigned index) {
    switch (index) {
    case 0:
        for (unsigned i = 0; i < 3; i++) {
            block_drop(blocks[i]);
            EXPLORER_CHECK(give_faulty(blocks[i], 1, &ring) == 0);
        }
        ss_ring_end(&ring);
        break;
    case 1:
        block_give(blocks[3], 2, false);
        break;
    case 2:
        adopt_and_use(3);
        break;
    }
}

static void whole_check(void) {
    for (unsigned i = 0; i < 4; i++)
        block_give(others[i], 9, false);
    check();
}

const explorer_scenario scenario_own_whole = {
    .name = "own-whole",
    .title = "the owner gives the last block of one of its slabs, or another thread does",
    .threads = 3,
    .setup = whole_setup,
    .thread = whole_thread,
    .check = whole_check,
};

/* ---- one block freed twice ---- */

static uint32_t faults;

static void twice_setup(void) {
    setup();
    block_drop(blocks[0]);
}

static void give_twice(uint32_t owner, ss_ring *owners) {
    const uint32_t more = give_faulty(blocks[0], owner, owners), all = faults + more;
    undo_write(&faults, &all, sizeof all);
}

static void twice_thread(unsigned index) {
    switch (index) {
    case 0:
        give_twice(1, &ring);
        let_go();
        break;
    case 1:
        give_twice(2, NULL);
        break;
    }
}

/* It is noticed at once, or when the owner's bits meet the others'; and the block is free once. */
static void twice_check(void) {
    if (faults + ss_deferred_faults.count != 1)
        explorer_fail("%u faults at once, %u late", faults, ss_deferred_faults.count);
    const uint32_t none = 0; /* what follows would report it */
    undo_write(&ss_deferred_faults.count, &none, sizeof none);
    for (unsigned i = 1; i < 4; i++)
        block_give(blocks[i], 9, false);
    check();
}

const explorer_scenario scenario_own_twice = {
    .name = "own-twice",
    .title = "a block is freed by its slab's owner and by another thread",
    .threads = 2,
    .setup = twice_setup,
    .thread = twice_thread,
    .check = twice_check,
};

/* ---- a look-up ---- */

static void lookup_thread(unsigned index) {
    switch (index) {
    case 0: {
        void *taken[4];
        give_own(blocks[0]);
        EXPLORER_CHECK(take_all(taken) >= 1);
        give_own(taken[0]);
        let_go();
        break;
    }
    case 1:
        for (unsigned i = 0; i < 2; i++) {
            superslab_inspection found;
            superslab_inspect((uintptr_t)blocks[0], &found);
            EXPLORER_CHECK(found.stride == ss_process->classes[four_blocks_bin()].stride);
        }
        break;
    }
}

static void lookup_check(void) {
    for (unsigned i = 1; i < 4; i++)
        block_give(blocks[i], 9, false);
    check();
}

const explorer_scenario scenario_owner_lookup = {
    .name = "owner-lookup",
    .title = "a block is looked up while its slab's owner gives and takes it",
    .threads = 2,
    .setup = setup,
    .thread = lookup_thread,
    .check = lookup_check,
};
