/* Threads leave half-full slabs behind; other threads adopt them, several at once, and never hand out a block that is
 * still live in them. The number of slabs does not grow. */
#include "barrier.h"
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "table.h"
#include "team.h"

enum { THREADS = 4, BLOCKS = 400, ROUNDS = CHECK_SCALED(160), WARM_ROUNDS = ROUNDS / 4 };

typedef parcel *share[THREADS][BLOCKS];
static share *left_behind, *fresh; /* of the round before, and of this one */
static barrier together = BARRIER(THREADS);
static uint64_t seed;
static unsigned round_now;

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index + 31 * round_now};
    barrier_wait(&together);
    for (size_t i = 0; i < BLOCKS; i++)
        (*fresh)[index][i] = parcel_new(sizeof(parcel) + rng_log_size(&random, 9000), i);
    /* Every other one is freed here, the rest stays in the slabs that this thread abandons. */
    for (size_t i = 0; i < BLOCKS; i += 2) {
        parcel_free((*fresh)[index][i]);
        (*fresh)[index][i] = NULL;
    }
    /* Frees the blocks that a thread of the round before left, with another index than the allocating one. */
    for (size_t i = 0; i < BLOCKS; i++) {
        parcel_free((*left_behind)[(index + 1) % THREADS][i]);
        (*left_behind)[(index + 1) % THREADS][i] = NULL;
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    left_behind = table_new(1, sizeof(share));
    fresh = table_new(1, sizeof(share));
    const superslab_stats before = stats_start();
    uint64_t slab_bytes_warm = 0;
    for (round_now = 0; round_now < ROUNDS; round_now++) {
        team_run(THREADS, work, NULL);
        share *swapped = left_behind;
        left_behind = fresh;
        fresh = swapped;
        const superslab_stats now = stats_now();
        CHECK_EQ(now.live_blocks, before.live_blocks + THREADS * BLOCKS / 2);
        CHECK_EQ(now.thread_count, before.thread_count);
        stats_check_consistent(&now);
        if (round_now <= WARM_ROUNDS && now.slab_bytes > slab_bytes_warm)
            slab_bytes_warm = now.slab_bytes;
        CHECK_LE(now.slab_bytes, slab_bytes_warm * 2 + (4 << 20));
    }
    for (size_t i = 0; i < THREADS * BLOCKS; i++)
        parcel_free((*left_behind)[i / BLOCKS][i % BLOCKS]);
    stats_check_returned(&before);
}
