/* One thread owns the lock of a space. Two others revoke it, one that may become the owner and one without a heap,
 * while the owner continues and becomes the owner again. */
#include "scenarios.h"

#include "space/registry.h"

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

/* ---- from one lock to another ---- */

static ss_space *spaces[2]; /* headed, headless */

/* Takes the lock and lets go of it. */
static void visit(unsigned space) {
    EXPLORER_CHECK(ss_space_ready_record(spaces[space]));
}

static void leave_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    for (unsigned i = 2; i-- != 0;) {
        explorer_become(i);
        superslab_free(superslab_malloc(16));
    }
    explorer_become(1);
    superslab_free(superslab_malloc(LARGE)); /* the headless space is made with its first block */
    for (unsigned i = 0; i < 2; i++)
        spaces[i] = ss_space_internal(i);
    visit(0);
    explorer_become(0);
    for (unsigned i = 0; i < OFTEN; i++)
        visit(1);
    for (unsigned i = 0; i < OFTEN - 2; i++)
        visit(0); /* once more, and it is owned too */
}

/* A thread that waits for the owner to leave one lock may find it inside of the other. */
static void leave_thread(unsigned index) {
    visit(1);
    if (index == 1)
        return;
    visit(0); /* owned from here on */
    visit(1);
    visit(0);
}

const explorer_scenario scenario_leave = {
    .name = "leave",
    .title =
        "the owner of one lock goes on to another, while one that wants the first waits for it",
    .threads = 2,
    .setup = leave_setup,
    .thread = leave_thread,
    .check = check,
};
