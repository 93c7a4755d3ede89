/* Two threads free the same block in the same moment: neither can see the other, but one of the two is
 * reported when the bins are flushed, and the block is never handed out twice. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "extent.h"
#include "report.h"
#include "stats.h"
#include "team.h"

enum { ROUNDS = CHECK_SCALED(3000), BLOCKS = 8 };

static void *blocks[BLOCKS];
static barrier together = BARRIER(2);

static void free_too(unsigned index, void *context) {
    (void)index;
    (void)context;
    barrier_wait(&together);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    /* The end of the thread flushes what it still holds. */
}

int main(void) {
    if (CHECK_TSAN)
        check_skip("the race is the test's own");
    const superslab_stats before = stats_start();
    unsigned known = 0;
    reports_start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        const size_t size = round % 3 == 0 ? 40 : round % 3 == 1 ? 1000 : 20000;
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = block_new(size);
        team_run(2, free_too, NULL);
        superslab_trim();
        /* If the first of the two frees ended the slab, its pages may have gone back: then the core no longer knows that
         * a block was there. */
        const unsigned twice = reports_count(SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(twice + reports_count(SUPERSLAB_ERROR_UNKNOWN_POINTER), BLOCKS);
        known += twice;
        CHECK_EQ(reports_take(), BLOCKS);
        if (round % 100 == 0) {
            extent extents[4 * BLOCKS];
            for (size_t i = 0; i < 4 * BLOCKS; i++)
                extents[i] = (extent){(uintptr_t)block_new(size), size};
            extents_check_disjoint(extents, 4 * BLOCKS);
            for (size_t i = 0; i < 4 * BLOCKS; i++)
                superslab_free((void *)extents[i].start);
        }
    }
    CHECK_GT(known, 0);
    stats_check_returned(&before);
}
