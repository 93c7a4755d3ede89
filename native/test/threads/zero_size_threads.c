/* Threads that take and free blocks of no bytes at once never get one twice, and every second free is noticed: of two
 * threads that free one block at once, one is told. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "report.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = CHECK_SCALED(200), HELD = 3000, OWNERS = 1 << 16, RACES = 2000 };

static _Atomic unsigned char owner[OWNERS]; /* of each address, from the first one on; 0 for none */
static uintptr_t first;
static uint64_t seed;
static void *raced[RACES];
static barrier together = BARRIER(2);

static size_t place(const void *block) {
    const size_t at = ((uintptr_t)block - first) / 16;
    CHECK_LT(at, OWNERS);
    return at;
}

static void work(unsigned index, void *context) {
    (void)context;
    void *held[HELD];
    rng random = {seed + index};
    for (unsigned round = 0; round < ROUNDS; round++) {
        const size_t count = 1 + rng_below(&random, HELD);
        for (size_t i = 0; i < count; i++) {
            held[i] =
                i % 64 == 0 ? block_new_aligned(64 << rng_below(&random, 8), 0) : block_new(0);
            CHECK_EQ(atomic_exchange(&owner[place(held[i])], 1), 0);
        }
        for (size_t i = 0; i < count; i++) {
            CHECK_EQ(atomic_exchange(&owner[place(held[i])], 0), 1);
            superslab_free(held[i]);
        }
    }
}

static void free_too(unsigned index, void *context) {
    (void)index;
    (void)context;
    barrier_wait(&together);
    for (size_t i = 0; i < RACES; i++)
        superslab_free(raced[i]);
}

static void race(void) {
    for (size_t i = 0; i < RACES; i++)
        raced[i] = block_new(0);
    team_run(2, free_too, NULL);
    CHECK_EQ(reports_count(SUPERSLAB_ERROR_DOUBLE_FREE), RACES);
    CHECK_EQ(reports_take(), RACES);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 16);
    const superslab_stats before = stats_start();
    void *anchor = block_new(0);
    first = (uintptr_t)anchor & ~(uintptr_t)((64 << 10) - 1);
    reports_start();
    team_run(THREADS, work, NULL);
    reports_expect_none();
    for (unsigned i = 0; i < 20; i++)
        race();
    superslab_free(anchor);
    reports_expect_none();
    stats_check_returned(&before);
}
