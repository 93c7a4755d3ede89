/* The lock of a space that one thread owns: two others take it away, one that may own it next and one without a
 * heap, while the owner goes on and gets it back. */
#include "scenarios.h"

enum { LARGE = 200 << 10, OFTEN = 4 /* for a thread to own the lock */ };

static void take_and_free(void) {
    void *block = superslab_malloc(LARGE);
    block_claim(block);
    block_drop(block);
    superslab_free(block);
}

static void *handed;

static void setup(void) {
    handed = superslab_malloc(LARGE);
    block_claim(handed);
    for (unsigned i = 2; i-- != 0;) {
        explorer_become(i);
        superslab_free(superslab_malloc(16)); /* threads without a heap own nothing */
    }
    for (unsigned i = 0; i < OFTEN; i++)
        superslab_free(superslab_malloc(LARGE));
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
        take_and_free();
        take_and_free();
        take_and_free();
        break;
    case 1:
        take_and_free();
        take_and_free();
        break;
    case 2:
        block_drop(handed);
        superslab_free(handed);
        break;
    }
}

static void check(void) {
    for (unsigned i = 0; i < 2; i++) {
        explorer_become(i);
        platform_thread_end();
    }
    check_nothing_left();
}

const explorer_scenario scenario_biased = {
    .name = "biased",
    .title = "a lock that one thread owns and two others take",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};
