/* Blocks of no bytes: the first ones of a process, taken by two threads at once; and one that two threads free at once. */
#include "scenarios.h"

#include "front/cold.h"
#include "space/empty.h"

static void check_none_live(void) {
    EXPLORER_CHECK(ss_empty_live() == 0);
    for (unsigned i = 0; i < 2; i++) {
        explorer_become(i);
        platform_thread_end();
    }
    check_nothing_left();
}

/* ---- the reservation and the first page of bits are made ---- */

static void setup(void) {
    superslab_free(superslab_malloc(100));
    ss_flush_own_heap();
}

static void thread(unsigned index) {
    void *first = superslab_malloc(0), *second = superslab_malloc(0);
    EXPLORER_CHECK(ss_empty_has((uintptr_t)first) && ss_empty_has((uintptr_t)second));
    address_claim(first);
    address_claim(second);
    EXPLORER_CHECK(superslab_check(first) == SUPERSLAB_OK);
    address_drop(first);
    superslab_free(first);
    EXPLORER_CHECK(superslab_check(second) == SUPERSLAB_OK);
    address_drop(second);
    superslab_free(second);
    (void)index;
}

const explorer_scenario scenario_empty = {
    .name = "empty",
    .title = "the first blocks of no bytes, taken and freed by two threads",
    .threads = 2,
    .setup = setup,
    .thread = thread,
    .check = check_none_live,
};

/* ---- two threads free one ---- */

static void *twice;

static void twice_setup(void) {
    twice = superslab_malloc(0);
    double_frees_expect(twice);
    EXPLORER_CHECK(ss_empty_has((uintptr_t)twice));
}

static void twice_thread(unsigned index) {
    (void)index;
    superslab_free(twice);
    void *block = superslab_malloc(0);
    EXPLORER_CHECK(block != twice); /* it is used again late */
    address_claim(block);
    address_drop(block);
    superslab_free(block);
}

static void twice_check(void) {
    EXPLORER_CHECK(double_frees() == 1);
    check_none_live();
}

const explorer_scenario scenario_empty_twice = {
    .name = "empty-twice",
    .title = "two threads free one block of no bytes, and take others",
    .threads = 2,
    .setup = twice_setup,
    .thread = twice_thread,
    .check = twice_check,
};
