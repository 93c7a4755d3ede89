/* Repeated forks while the background thread is at work: the child has none until it needs one, then starts its own,
 * which gives back what the child freed. */
#include "background.h"
#include "check.h"
#include "child.h"
#include "model.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 2, CHILDREN = CHECK_SCALED(16), BLOCKS = 24, BYTES = 1 << 20 };

static atomic_bool finished;
static uint64_t seed;

static void work(unsigned index, void *context) {
    (void)context;
    model shadow;
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        model_start(&shadow, seed + index, 2000, index == 0 ? 3000 : 300000);
        model_step(&shadow, 5000);
        model_end(&shadow);
        wait_idle(1);
    }
}

/* The bins of threads that are not in the child stay for its next threads. */
static bool nothing_is_dirty(void) {
    return stats_now().dirty_bytes == 0;
}

static void child_main(void *number) {
    void *blocks[BLOCKS];
    model shadow;
    CHECK(scavenger_is_gone());
    model_start(&shadow, seed + (uintptr_t)number, 1000, 100000);
    model_step(&shadow, 3000);
    model_end(&shadow);
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    wait_until(nothing_is_dirty);
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    wait_until(scavenger_is_gone);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    setenv("SUPERSLAB_DECAY", "20", 1);
    scavenger_must_be_visible();
    if (CHECK_TSAN)
        check_skip("ThreadSanitizer forbids threads in the child of a process that has some");
    if (CHECK_ASAN)
        check_skip(
            "AddressSanitizer's own allocator stays locked in the child if a thread was in it");
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, THREADS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
    wait_until(scavenger_gives_back);
}
