/* A fork while other threads work with large blocks: in the child their large caches go back, although these threads are
 * gone, and the background thread ends. */
#include "background.h"
#include "block.h"
#include "check.h"
#include "child.h"
#include "membarrier.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Together the caches have room for more than the background thread lets pass (SS_PUBLISH_LATE_BYTES). */
enum { THREADS = 3, SIZE = 1300 << 10, PAIRS = 100, REASON = 16 << 20, CHILDREN = 4 };

static sleepers ready = SLEEPERS_NONE;
static atomic_bool finished;

static void work(unsigned index, void *context) {
    (void)index, (void)context;
    for (unsigned i = 0; i < PAIRS; i++)
        superslab_free(block_new(SIZE));
    sleepers_sleep(&ready, 0);
    while (!atomic_load(&finished))
        superslab_free(block_new(SIZE));
}

/* With a reason for the background thread to start: nothing else is freed in the child. */
static bool nothing_large_is_cached(void) {
    const bool done = stats_now().cached_bytes < SIZE;
    if (!done && scavenger_is_gone())
        superslab_free(superslab_malloc(REASON));
    return done;
}

static void child_main(void *number) {
    (void)number;
    const superslab_stats before = stats_now();
    stats_check_consistent(&before);
    wait_until(nothing_large_is_cached);
    wait_until(scavenger_is_gone);
    const superslab_stats after = stats_now();
    stats_check_consistent(&after);
    CHECK_EQ(after.live_blocks, before.live_blocks);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("a sanitizer still knows the parent's threads in the child");
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads have no large caches");
    team workers;
    setenv("SUPERSLAB_DECAY", "20", 1);
    scavenger_must_be_visible();
    const superslab_stats before = stats_start();
    team_start(&workers, THREADS, work, NULL);
    sleepers_await(&ready, THREADS);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
