/* Two threads free the same aligned block in the same moment: one of the two frees is reported at once, and the
 * block goes back once. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"
#include "team.h"

#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = CHECK_SCALED(4000), BLOCKS = 200, SPINS = 1000 };

static void *blocks[BLOCKS];
static _Atomic unsigned arrived;

/* Both threads leave within nanoseconds: a barrier that sleeps would wake one long after the other. */
static void meet(void) {
    const unsigned all = (atomic_fetch_add(&arrived, 1) / 2 + 1) * 2;
    for (unsigned spins = 0; atomic_load(&arrived) < all; spins++) {
        if (spins >= SPINS)
            sched_yield();
    }
}

static void free_too(unsigned index, void *context) {
    const superslab_stats *before = context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const size_t alignment = round % 2 == 0 ? 64 : 1024;
        for (size_t i = 0; index == 0 && i < BLOCKS; i++)
            blocks[i] = block_new_aligned(alignment, alignment);
        meet();
        /* From either end, so that they meet at some block. */
        for (size_t i = 0; i < BLOCKS; i++)
            superslab_free(blocks[index == 0 ? i : BLOCKS - 1 - i]);
        meet();
        if (index != 0)
            continue; /* to the next round's first meeting: at rest */
        /* If the first of the two frees ended the slab, the core no longer knows that a block was there. */
        CHECK_EQ(reports_count(SUPERSLAB_ERROR_DOUBLE_FREE) +
                     reports_count(SUPERSLAB_ERROR_UNKNOWN_POINTER),
                 BLOCKS);
        CHECK_EQ(reports_take(), BLOCKS);
        if (round % 100 == 0)
            CHECK_EQ(stats_now().live_blocks, before->live_blocks);
    }
}

int main(void) {
    superslab_stats before = stats_start();
    reports_start();
    team_run(2, free_too, &before);
    stats_check_returned(&before);
}
