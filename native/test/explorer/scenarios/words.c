/* A slab with two words of bits, of which one block is free, in the first word. Its owner takes that one
 * and lets the slab go; another thread gives a block of the second word back; a third adopts the slab and
 * takes one. It must not take the first word's block again, whose bit it may have seen set. */
#include "scenarios.h"

enum { BLOCKS_MAX = 128 };

static ss_slab *slab;
static void *blocks[BLOCKS_MAX];
static uint32_t count;

static unsigned two_words_bin(void) {
    for (unsigned bin = SS_BIN_HEADED; bin < SS_BIN_HEADED + SS_HEADED_COUNT; bin++)
        if (ss_class_words(&ss_process->classes[bin]) == 2)
            return bin;
    explorer_fail("no class has slabs of two words");
}

static void give(void *block) {
    ss_faults faults = {.count = 0};
    ss_ring ring = {NULL, 0};
    ss_giver giver = {.owner = 3, .wanted = SS_BIN_COUNT, .ring = &ring};
    EXPLORER_CHECK(ss_slab_give(&block, 1, SS_BIN_COUNT, &giver, &faults) == 1);
}

static void *lowest(void) {
    return blocks[count - 1];
}

static void *highest(void) {
    return blocks[0];
}

static void setup(void) {
    ss_process_init();
    slab = ss_slab_acquire(two_words_bin(), 1, NULL);
    EXPLORER_CHECK(slab != NULL);
    count = ss_slab_take(slab, blocks, BLOCKS_MAX);
    EXPLORER_CHECK(count > 64 && lowest() < highest());
    give(lowest());
    slab_claim(slab);
    block_claim(highest());
}

static void let_go(bool as_full) {
    void *last;
    EXPLORER_CHECK(ss_slab_take(slab, &last, 1) == 1);
    block_claim(last);
    slab_drop(slab);
    if (!as_full || !ss_slab_abandon_full(slab))
        ss_slab_abandon(slab);
}

static void others(unsigned index) {
    if (index == 1) {
        block_drop(highest());
        give(highest());
        return;
    }
    ss_slab *owned = ss_slab_adopt(headed_space(), two_words_bin(), 2);
    if (owned == NULL)
        return;
    void *taken;
    slab_claim(owned);
    EXPLORER_CHECK(ss_slab_take(owned, &taken, 1) == 1);
    block_claim(taken);
    block_drop(taken);
    give(taken);
    slab_drop(owned);
    ss_slab_abandon(owned);
}

static void full_thread(unsigned index) {
    if (index == 0)
        let_go(true);
    else
        others(index);
}

static void abandon_thread(unsigned index) {
    if (index == 0)
        let_go(false);
    else
        others(index);
}

static void check(void) {
    block_drop(lowest());
    for (uint32_t i = 1; i < count; i++)
        give(blocks[i]);
    check_nothing_left();
}

const explorer_scenario scenario_words = {
    .name = "words",
    .title = "a slab of two words goes from owner to owner as full",
    .threads = 3,
    .setup = setup,
    .thread = full_thread,
    .check = check,
};

const explorer_scenario scenario_words_abandon = {
    .name = "words-abandon",
    .title = "the same, abandoned",
    .threads = 3,
    .setup = setup,
    .thread = abandon_thread,
    .check = check,
};
