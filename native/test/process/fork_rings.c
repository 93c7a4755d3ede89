/* Free blocks in slabs that only one thread of the parent could take from are usable in the child, which does not have
 * that thread. */
#include "check.h"
#include "child.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

enum { COUNT = 20000, SIZE = 1000, MORE_MOST = 2 << 20 };

static sleepers all = SLEEPERS_NONE;
static void *blocks[COUNT];

/* Every second block of many slabs is free and owned by this thread; no other thread has a heap. */
static void free_half(unsigned index, void *context) {
    (void)index;
    (void)context;
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = superslab_malloc(SIZE);
    for (unsigned i = 0; i < COUNT; i += 2)
        superslab_free(blocks[i]);
    sleepers_sleep(&all, 1);
}

static void child_main(void *unused) {
    (void)unused;
    const superslab_stats before = stats_now();
    for (unsigned i = 0; i < COUNT; i += 2)
        blocks[i] = superslab_malloc(SIZE);
    const superslab_stats now = stats_now();
    CHECK_EQ(now.live_blocks - before.live_blocks, COUNT / 2);
    CHECK_LE(now.slab_bytes, before.slab_bytes + MORE_MOST);
    for (unsigned i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(before.live_blocks - stats_now().live_blocks, COUNT / 2);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("ThreadSanitizer still knows the parent's threads in the child");
    team other;
    team_start(&other, 1, free_half, NULL);
    sleepers_await(&all, 1);
    child_result result = child_run(child_main, NULL);
    child_check_clean(&result);
    sleepers_wake(&all);
    team_join(&other);
    for (unsigned i = 1; i < COUNT; i += 2)
        superslab_free(blocks[i]);
}
