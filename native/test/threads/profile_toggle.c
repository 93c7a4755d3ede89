/* A profile is started and stopped a thousand times while threads allocate, free each other's blocks and end. No block is
 * lost, and the statistics are exact at the end. */
#include "check.h"
#include "model.h"
#include "profile.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 3, TOGGLES = CHECK_SCALED(1000), SHARED = 64 };

static atomic_bool finished;
static _Atomic(void *) shared[SHARED];
static uint64_t seed;

/* Frees blocks of other threads, which may be sampled. */
static void swap_shared(rng *random) {
    void *block = superslab_malloc(16 + rng_below(random, 3000));
    superslab_free(atomic_exchange(&shared[rng_below(random, SHARED)], block));
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    model shadow;
    model_start(&shadow, seed + index, 400, index == 2 ? 300000 : 3000);
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        model_step(&shadow, 20);
        swap_shared(&random);
    }
    model_end(&shadow);
}

static void *live_shortly(void *number) {
    rng random = {(uintptr_t)number};
    for (unsigned i = 0; i < 50; i++)
        swap_shared(&random);
    return NULL;
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    profile_begin(4096);
    team workers;
    team_start(&workers, THREADS, work, NULL);
    for (uintptr_t i = 0; i < TOGGLES; i++) {
        pthread_t thread;
        const bool with_thread = i % 8 == 0;
        if (with_thread)
            CHECK_EQ(pthread_create(&thread, NULL, live_shortly, (void *)(i + 1)), 0);
        if (i % 50 == 0)
            CHECK(profile_read().whole);
        CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
        CHECK_EQ(superslab_profile_start(i % 3 == 0 ? 64 : 4096), SUPERSLAB_PROFILE_OK);
        if (with_thread)
            pthread_join(thread, NULL);
    }
    atomic_store(&finished, true);
    team_join(&workers);
    for (unsigned i = 0; i < SHARED; i++)
        superslab_free(atomic_exchange(&shared[i], NULL));
    /* All that the last profile knew is gone. */
    const profile_totals totals = profile_read();
    CHECK(totals.whole);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    stats_check_returned(&before);
}
