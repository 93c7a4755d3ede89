/* Regions: two isolates give one offset back at once while two others take and give; and a region that is
 * retired while others ask about addresses in it. */
#include "scenarios.h"

#include "base/class.h"
#include "memory.h"
#include "undo.h"

enum { REGION_BYTES = 4 * 64 << 10, SIZE = 16000, LARGE = 2 * 64 << 10 };

static _Alignas(1 << 16) char memory[REGION_BYTES];
static superslab_region *region;
static uint32_t twice, fates[2];

static uint32_t take_one(void) {
    uint32_t offset = UINT32_MAX;
    EXPLORER_CHECK(superslab_region_take(region, SIZE, &offset, 1) == 1);
    return offset;
}

static void setup(void) {
    region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
    EXPLORER_CHECK(region != NULL);
    twice = take_one();
}

static void thread(unsigned index) {
    uint32_t offset;
    switch (index) {
    case 0:
    case 1: {
        const uint32_t freed = (uint32_t)superslab_region_give(region, &twice, 1);
        undo_write(&fates[index], &freed, sizeof freed);
        break;
    }
    case 2:
    case 3:
        /* The second of two frees may hit this block, if the slab of the first one has gone and another
         * is in its place. That is the misuse of the thread that frees twice, and has no further effect. */
        offset = take_one();
        superslab_region_give(region, &offset, 1);
        break;
    }
}

static void check(void) {
    EXPLORER_CHECK(fates[0] + fates[1] >= 1);
    /* The region is unaffected: all of it can be taken, once. */
    uint32_t offsets[REGION_BYTES / 16384 + 1];
    const size_t got = superslab_region_take(region, SIZE, offsets, REGION_BYTES / 16384 + 1);
    EXPLORER_CHECK(got <= REGION_BYTES / 16384);
    for (size_t i = 0; i < got; i++)
        for (size_t j = 0; j < i; j++)
            EXPLORER_CHECK(offsets[i] != offsets[j]);
    superslab_region_retire(region);
}

const explorer_scenario scenario_region = {
    .name = "region",
    .title = "two isolates take from a region while two others give one offset back at once",
    .threads = 4,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- a slab that ends and becomes another while the second of two frees is on its way ---- */

/* A slab of the other class has one block less, and its record is as long. */
enum { CONTESTED_SIZE = 12 << 10, CONTESTED = 5, OTHER_SIZE = 16 << 10, OTHERS = 16 };
_Static_assert(OTHERS *OTHER_SIZE == REGION_BYTES, "OTHERS blocks fill the region");

static uint32_t contested[CONTESTED], held; /* all blocks of one slab */

static void contest_setup(void) {
    region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
    EXPLORER_CHECK(region != NULL);
    EXPLORER_CHECK(superslab_region_take(region, CONTESTED_SIZE, contested, CONTESTED) ==
                   CONTESTED);
    twice = (CONTESTED - 1) * CONTESTED_SIZE;
}

static void contest_thread(unsigned index) {
    uint32_t freed = 0;
    switch (index) {
    case 0:
        freed = (uint32_t)superslab_region_give(region, &twice, 1);
        undo_write(&fates[0], &freed, sizeof freed);
        break;
    case 1:
        freed = (uint32_t)superslab_region_give(region, contested, CONTESTED);
        undo_write(&fates[1], &freed, sizeof freed);
        break;
    case 2:
        EXPLORER_CHECK(superslab_region_take(region, OTHER_SIZE, &freed, 1) == 1);
        undo_write(&held, &freed, sizeof freed);
        break;
    }
}

static void contest_check(void) {
    EXPLORER_CHECK(fates[0] + fates[1] == CONTESTED);
    /* All of it except the held blocks can be taken, once, and only blocks. */
    uint32_t offsets[OTHERS + 1];
    EXPLORER_CHECK(superslab_region_take(region, OTHER_SIZE, offsets, OTHERS + 1) == OTHERS - 1);
    for (size_t i = 0; i < OTHERS - 1; i++) {
        EXPLORER_CHECK(offsets[i] < REGION_BYTES && offsets[i] % OTHER_SIZE == 0);
        EXPLORER_CHECK(offsets[i] != held);
        for (size_t j = 0; j < i; j++)
            EXPLORER_CHECK(offsets[i] != offsets[j]);
    }
    superslab_region_retire(region);
}

const explorer_scenario scenario_contest = {
    .name = "contest",
    .title = "a slab ends, and its record is another class's, while a block of it is given twice",
    .threads = 3,
    .setup = contest_setup,
    .thread = contest_thread,
    .check = contest_check,
};

/* ---- the same, before a thread has taken from the other slab ---- */

static ss_slab *entered;

static void enter_thread(unsigned index) {
    uint32_t freed;
    if (index == 0) {
        freed = (uint32_t)superslab_region_give(region, &twice, 1);
        undo_write(&fates[0], &freed, sizeof freed);
        return;
    }
    freed = (uint32_t)superslab_region_give(region, contested, CONTESTED);
    undo_write(&fates[1], &freed, sizeof freed);
    ss_slab *slab = ss_slab_make((ss_space *)(void *)region, ss_headless_bin(OTHER_SIZE), 0);
    EXPLORER_CHECK(slab != NULL);
    undo_write(&entered, &slab, sizeof slab);
}

static void enter_check(void) {
    EXPLORER_CHECK(fates[0] + fates[1] == CONTESTED);
    ss_slab_abandon(entered);
    uint32_t offsets[OTHERS + 1];
    EXPLORER_CHECK(superslab_region_take(region, OTHER_SIZE, offsets, OTHERS + 1) == OTHERS);
    superslab_region_retire(region);
}

const explorer_scenario scenario_enter = {
    .name = "enter",
    .title = "a slab ends, and an untouched one is in its place, while a block of "
             "it is given "
             "twice",
    .threads = 2,
    .setup = contest_setup,
    .thread = enter_thread,
    .check = enter_check,
};

/* ---- retirement ---- */

static void retire_setup(void) {
    region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
    EXPLORER_CHECK(region != NULL);
    uint32_t offset;
    EXPLORER_CHECK(superslab_region_take(region, SIZE, &offset, 1) == 1);
}

static void retire_thread(unsigned index) {
    superslab_inspection inspection;
    switch (index) {
    case 0:
        superslab_region_retire(region);
        break;
    case 1:
        superslab_inspect((uintptr_t)memory, &inspection);
        break;
    case 2:
        EXPLORER_CHECK(superslab_check(memory + 64) == SUPERSLAB_ERROR_UNKNOWN_POINTER);
        superslab_inspect((uintptr_t)memory + REGION_BYTES - 1, &inspection);
        break;
    }
}

static void retire_check(void) {
    superslab_inspection inspection;
    superslab_inspect((uintptr_t)memory, &inspection);
    EXPLORER_CHECK(inspection.block == 0);
}

const explorer_scenario scenario_retire = {
    .name = "retire",
    .title = "a region is retired while others ask about its addresses",
    .threads = 3,
    .setup = retire_setup,
    .thread = retire_thread,
    .check = retire_check,
};

/* ---- adoption, into the place of a region that is gone ---- */

static void adopt_setup(void) {
    superslab_region_retire(superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES));
}

static void adopt_thread(unsigned index) {
    if (index == 0) {
        superslab_region *adopted = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
        EXPLORER_CHECK(adopted != NULL);
        uint32_t offset = UINT32_MAX;
        EXPLORER_CHECK(superslab_region_take(adopted, SIZE, &offset, 1) == 1);
        superslab_region_retire(adopted);
        return;
    }
    superslab_inspection inspection;
    superslab_inspect((uintptr_t)memory, &inspection);
    EXPLORER_CHECK(inspection.block == 0 || inspection.block == (uintptr_t)memory);
}

const explorer_scenario scenario_adopt = {
    .name = "adopt",
    .title = "a region is adopted in the place of another while its address is asked about",
    .threads = 3,
    .setup = adopt_setup,
    .thread = adopt_thread,
    .check = retire_check,
};

/* ---- a region that its owner makes longer ---- */

static void grow_setup(void) {
    region = superslab_region_adopt(memory, REGION_BYTES / 2, REGION_BYTES);
    EXPLORER_CHECK(region != NULL);
    uint32_t offset;
    EXPLORER_CHECK(superslab_region_take(region, LARGE, &offset, 1) == 1);
}

static void grow_thread(unsigned index) {
    if (index == 0) {
        memory_commit(memory + REGION_BYTES / 2, REGION_BYTES / 2);
        superslab_region_grow(region, REGION_BYTES);
        return;
    }
    uint32_t offset;
    if (superslab_region_take(region, LARGE, &offset, 1) == 0)
        return; /* not longer yet */
    memory_plain(memory + offset, sizeof offset, true, __builtin_return_address(0));
    EXPLORER_CHECK(superslab_region_give(region, &offset, 1) == 1);
}

static void grow_check(void) {
    superslab_region_retire(region);
}

const explorer_scenario scenario_grow = {
    .name = "grow",
    .title = "the owner of a region makes it longer while another takes from it",
    .threads = 2,
    .setup = grow_setup,
    .thread = grow_thread,
    .check = grow_check,
};
