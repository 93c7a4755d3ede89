/* A fork while other threads take and free blocks of no bytes: the child has those that the parent had, can free and take
 * them, and knows a second free. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "extent.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { KEPT = 500, FORKS = CHECK_SCALED(100), THREADS = 3 };

static void *kept[KEPT];
static _Atomic bool over;

static void work(unsigned index, void *context) {
    (void)context;
    while (!atomic_load(&over)) {
        void *blocks[50];
        for (unsigned i = 0; i < 50; i++)
            blocks[i] = block_new_aligned(index == 0 ? 256 : 16, 0);
        for (unsigned i = 0; i < 50; i++)
            superslab_free(blocks[i]);
    }
}

static void child_main(void *unused) {
    (void)unused;
    const uint64_t live = stats_now().live_blocks;
    extent extents[2 * KEPT];
    for (unsigned i = 0; i < KEPT; i++) {
        CHECK_EQ(superslab_check(kept[i]), SUPERSLAB_OK);
        extents[i] = (extent){(uintptr_t)kept[i], 16};
        extents[KEPT + i] = (extent){(uintptr_t)block_new(0), 16};
    }
    extents_check_disjoint(extents, 2 * KEPT);
    CHECK_EQ(stats_now().live_blocks, live + KEPT);
    for (unsigned i = 0; i < KEPT; i++) {
        superslab_free(kept[i]);
        CHECK_EQ(superslab_check(kept[i]), SUPERSLAB_ERROR_DOUBLE_FREE);
    }
    CHECK_EQ(stats_now().live_blocks, live);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("ThreadSanitizer still knows the parent's threads in the child");
    for (unsigned i = 0; i < KEPT; i++)
        kept[i] = block_new(0);
    team busy;
    team_start(&busy, THREADS, work, NULL);
    for (unsigned i = 0; i < FORKS; i++) {
        const child_result result = child_run(child_main, NULL);
        child_check_clean(&result);
    }
    atomic_store(&over, true);
    team_join(&busy);
    for (unsigned i = 0; i < KEPT; i++)
        superslab_free(kept[i]);
}
