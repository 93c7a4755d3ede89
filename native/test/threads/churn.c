/* Threads that live for ten allocations, several at a time; later ones free the blocks that they leave. */
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { TOGETHER = 4, ROUNDS = CHECK_SCALED(2500), ALLOCATIONS = 10, PLACES = 256 };

static _Atomic(parcel *) board[PLACES];
static uint64_t seed;
static unsigned round_now;

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed ^ ((uint64_t)round_now * TOGETHER + index)};
    for (int i = 0; i < ALLOCATIONS; i++) {
        parcel *mine = parcel_new(sizeof(parcel) + rng_log_size(&random, 30000), i);
        parcel_free(atomic_exchange_explicit(&board[rng_below(&random, PLACES)], mine,
                                             memory_order_acq_rel));
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    uint64_t slab_bytes_warm = 0;
    for (round_now = 0; round_now < ROUNDS; round_now++) {
        team_run(TOGETHER, work, NULL);
        const superslab_stats now = stats_now();
        stats_check_consistent(&now);
        CHECK_EQ(now.thread_count, before.thread_count);
        CHECK_LE(now.live_blocks, before.live_blocks + PLACES);
        if (round_now < ROUNDS / 4 && now.slab_bytes > slab_bytes_warm)
            slab_bytes_warm = now.slab_bytes;
        if (round_now >= ROUNDS / 4)
            CHECK_LE(now.slab_bytes, slab_bytes_warm * 2 + (4 << 20));
    }
    for (size_t i = 0; i < PLACES; i++)
        parcel_free(atomic_exchange(&board[i], NULL));
    stats_check_returned(&before);
}
