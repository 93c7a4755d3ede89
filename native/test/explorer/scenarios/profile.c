/* A profile begins and ends while a thread is anywhere on its hot path, and another one frees a block of it. What was counted
 * is neither lost nor handed out twice. */
#include "scenarios.h"

#include "background/park.h"
#include "heap/count.h"
#include "profile/state.h"

/* So large that no sample is due, or so small that each block is one. */
enum { RARELY = 1 << 30, ALWAYS = 1 };

enum { SIZE = SS_TINY_MAX }; /* the largest that the hot path counts */

static void *kept, *given;

static void settle(ss_heap *heap, void *context) {
    (void)context;
    ss_heap_flushing_begin(heap);
    ss_count_set_parked(heap);
    ss_heap_flushing_end(heap);
}

/* As profiling.c does, for those threads that are outside at that moment. */
static void profile(bool on) {
    ss_count_want(on);
    EXPLORER_CHECK(ss_park_and_read(settle, NULL));
}

static void setup(size_t mean) {
    const size_t size = SIZE;
    atomic_store_explicit(&ss_profile_state.mean, mean, memory_order_relaxed);
    explorer_become(0);
    kept = superslab_malloc(size);
    given = superslab_malloc(size);
    superslab_free(superslab_malloc(size)); /* so that the bin is neither empty nor full */
    block_claim(kept);
    block_claim(given);
    explorer_become(2);
    superslab_free(superslab_malloc(16));
}

static void rarely_setup(void) {
    setup(RARELY);
}

static void always_setup(void) {
    setup(ALWAYS);
}

static void thread(unsigned index) {
    switch (index) {
    case 0: {
        void *block = superslab_malloc(SIZE);
        block_claim(block);
        block_drop(kept);
        superslab_free(kept);
        block_drop(block);
        superslab_free(block);
        break;
    }
    case 1:
        profile(true);
        profile(false);
        break;
    case 2:
        block_drop(given);
        superslab_free(given);
        break;
    }
}

static void check(void) {
    for (unsigned i = 0; i < 3; i += 2) {
        explorer_become(i);
        platform_thread_end();
    }
    EXPLORER_CHECK(!ss_is_watched());
    listed_end(ss_exact_bin(SIZE));
    check_nothing_left();
}

const explorer_scenario scenario_profile = {
    .name = "profile",
    .title = "a thread anywhere on the hot path, which is to count and then no longer",
    .threads = 3,
    .setup = rarely_setup,
    .thread = thread,
    .check = check,
};

const explorer_scenario scenario_profile_sampled = {
    .name = "profile-sampled",
    .title = "the same, with each block that is counted a sample",
    .threads = 3,
    .setup = always_setup,
    .thread = thread,
    .check = check,
};
