/* fork while other threads are sampled: the child's profile is whole, it goes on, and the parent's sampled blocks are
 * freed in the child like others. */
#include "check.h"
#include "child.h"
#include "model.h"
#include "profile.h"
#include "stats.h"
#include "superslab.h"
#include "team.h"

#include <stdatomic.h>

enum { THREADS = 2, CHILDREN = 40 / (CHECK_SANITIZED ? 4 : 1), BLOCKS = 300, SITE_BYTES = 256 };

static atomic_bool finished;
static void *blocks[BLOCKS];
static volatile unsigned done;

PROFILE_SITE static void *allocate(size_t size) {
    void *block = superslab_malloc(size);
    done++;
    return block;
}

static void work(unsigned index, void *context) {
    (void)context;
    model shadow;
    model_start(&shadow, 42 + index, 200, 3000);
    while (!atomic_load_explicit(&finished, memory_order_relaxed))
        model_step(&shadow, 50);
    model_end(&shadow);
}

static void child_main(void *number) {
    CHECK(profile_read().whole);
    const double used = profile_of((const void *)(uintptr_t)allocate, SITE_BYTES).used_objects;
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    CHECK(profile_read().whole);
    /* All are gone, or the fork caught another thread in the middle of a sample and all was forgotten. */
    CHECK(profile_of((const void *)(uintptr_t)allocate, SITE_BYTES).used_objects < 0.5);
    CHECK(used < 0.5 || used > BLOCKS * 0.9);
    void *block = allocate(500);
    CHECK(profile_read().whole);
    CHECK(profile_of((const void *)(uintptr_t)allocate, SITE_BYTES).used_objects > 0.5);
    superslab_free(block);
    if ((uintptr_t)number % 2 == 0) {
        CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
        CHECK_EQ(superslab_profile_start(64), SUPERSLAB_PROFILE_OK);
    }
    model shadow;
    model_start(&shadow, 7, 200, 100000);
    model_step(&shadow, 2000);
    model_end(&shadow);
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
}

int main(void) {
    profile_begin(1);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = allocate(16 + i * 9);
    team workers;
    team_start(&workers, THREADS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    profile_read();
    CHECK(profile_of((const void *)(uintptr_t)allocate, SITE_BYTES).used_objects < 0.5);
}
