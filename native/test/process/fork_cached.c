/* The blocks in the bins of a sleeping thread of the parent are cached in the child too, until a thread of the child
 * takes the heap over and gives them back. Each is counted once, and not after that. */
#include "check.h"
#include "child.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

enum { KEPT = 100, CACHED = 10, SIZE = 1000 };

static sleepers all = SLEEPERS_NONE;

static void leave_cached(unsigned index, void *context) {
    void *blocks[CACHED];
    (void)index;
    (void)context;
    for (unsigned i = 0; i < CACHED; i++)
        blocks[i] = superslab_malloc(SIZE);
    for (unsigned i = 0; i < CACHED; i++)
        superslab_free(blocks[i]);
    sleepers_sleep(&all, 1);
}

static void use(unsigned index, void *context) {
    (void)index;
    (void)context;
    superslab_free(superslab_malloc(SIZE));
}

static void child_main(void *unused) {
    (void)unused;
    const uint64_t live = stats_now().live_blocks;
    CHECK_GE(stats_now().cached_blocks, CACHED);
    team heirs;
    team_start(&heirs, 1, use, NULL);
    team_join(&heirs);
    superslab_trim();
    const superslab_stats now = stats_now();
    CHECK_EQ(now.cached_blocks, 0);
    CHECK_EQ(now.live_blocks, live);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("ThreadSanitizer still knows the parent's threads in the child");
    void *kept[KEPT];
    for (unsigned i = 0; i < KEPT; i++)
        kept[i] = superslab_malloc(SIZE);
    team sleeper;
    team_start(&sleeper, 1, leave_cached, NULL);
    sleepers_await(&all, 1);
    child_result result = child_run(child_main, NULL);
    child_check_clean(&result);
    sleepers_wake(&all);
    team_join(&sleeper);
    for (unsigned i = 0; i < KEPT; i++)
        superslab_free(kept[i]);
}
