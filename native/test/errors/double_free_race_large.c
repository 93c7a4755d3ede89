/* Two threads free the same large block in the same moment, into their large caches or past them: one of the two is
 * reported, and the block is never handed out twice. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "extent.h"
#include "report.h"
#include "stats.h"
#include "team.h"

enum { ROUNDS = CHECK_SCALED(300), THREADS = 2, BLOCKS = 8, PAIRS = 70, SIZE = 300000 };

static void *blocks[BLOCKS];
static barrier together = BARRIER(THREADS);
static extent extents[THREADS * BLOCKS];

static void free_too(unsigned index, void *context) {
    (void)context;
    /* So that the thread has a cache. */
    for (unsigned i = 0; i < PAIRS; i++)
        superslab_free(block_new(SIZE));
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (index == 0)
            for (size_t i = 0; i < BLOCKS; i++)
                blocks[i] = block_new(SIZE);
        barrier_wait(&together);
        for (size_t i = 0; i < BLOCKS; i++)
            superslab_free(blocks[i]);
        barrier_wait(&together);
        for (size_t i = 0; i < BLOCKS; i++)
            extents[index * BLOCKS + i] = (extent){(uintptr_t)block_new(SIZE), SIZE};
        barrier_wait(&together);
        if (index == 0) {
            CHECK_EQ(reports_count(SUPERSLAB_ERROR_DOUBLE_FREE) +
                         reports_count(SUPERSLAB_ERROR_UNKNOWN_POINTER),
                     BLOCKS);
            CHECK_EQ(reports_take(), BLOCKS);
            extents_check_disjoint(extents, THREADS * BLOCKS);
        }
        barrier_wait(&together);
        for (size_t i = 0; i < BLOCKS; i++)
            superslab_free((void *)extents[index * BLOCKS + i].start);
        barrier_wait(&together);
    }
}

int main(void) {
    if (CHECK_TSAN)
        check_skip("the race is the test's own");
    const superslab_stats before = stats_start();
    reports_start();
    team_run(THREADS, free_too, NULL);
    reports_expect_none();
    stats_check_returned(&before);
}
