/* A thread that is never idle gives back the pages of slabs of which it has freed most blocks, though it keeps those
 * slabs to itself. */
#include "background.h"
#include "block.h"
#include "check.h"
#include "membarrier.h"
#include "rng.h"
#include "stats.h"

enum {
    COUNT = 40000,
    SIZE = 1000,
    ONE_IN = 16,
    USED_SIZE = 48,
    IN_USE =
        600, /* more than a bin holds: a thread that takes no cold path may pass for one that sleeps */
    OUTSIDE = 20000,
    BACK_LEAST = COUNT / 2 * SIZE
};

static void *blocks[COUNT];
static uint64_t given_before;

/* Works on with another size for a moment. */
static bool is_given_back(void) {
    void *used[IN_USE];
    for (unsigned i = 0; i < IN_USE; i++)
        used[i] = block_new(USED_SIZE);
    for (unsigned i = 0; i < IN_USE; i++)
        superslab_free(used[i]);
    /* No other thread can read the bins of a thread that is inside the allocator. */
    for (volatile unsigned i = 0; i < OUTSIDE; i++)
        ;
    return stats_now().given_back_bytes - given_before >= BACK_LEAST;
}

int main(void) {
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads keep their bins");
    const superslab_stats before = stats_start();
    rng random = {1};
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(SIZE);
    given_before = stats_now().given_back_bytes;
    for (size_t i = 0; i < COUNT; i++) {
        size_t other = rng_between(&random, i, COUNT - 1);
        void *block = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = block;
        if (i % ONE_IN != 0) {
            superslab_free(blocks[i]);
            blocks[i] = NULL;
        }
    }
    wait_until(is_given_back);
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    stats_check_returned(&before);
}
