/* Slabs that come to their end by frees from other threads, among large blocks in the same space: their
 * granules join the free runs beside them while others take granules out of those. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rng.h"
#include "stats.h"
#include "superslab.h"
#include "team.h"

enum { THREADS = 3, PIECES = 400, ROUNDS = CHECK_SCALED(80), WARM_ROUNDS = ROUNDS / 4 };

typedef struct piece {
    void *block;
    size_t size;
    uint64_t seed;
} piece;

/* Of this round and of the one before. */
static piece pieces[2][THREADS][PIECES];
static barrier together = BARRIER(THREADS);
static uint64_t seed;
static unsigned round_now;

static piece piece_new(rng *random) {
    piece fresh = {.seed = rng_next(random)};
    if (rng_below(random, 8) == 0) {
        fresh.size = rng_between(random, 70000, 400000);
        fresh.block = block_new(fresh.size);
    } else {
        /* A slab of its class is one to sixteen granules between the large ones. */
        const size_t alignment = (size_t)32 << rng_below(random, 11);
        fresh.size = alignment * rng_between(random, 1, 2);
        fresh.block = block_new_aligned(alignment, fresh.size);
    }
    pattern_mark(fresh.block, fresh.size, fresh.seed);
    return fresh;
}

static void piece_free(piece *old) {
    if (old->block == NULL)
        return;
    CHECK_THAT(pattern_marked(old->block, old->size, old->seed), "size %zu", old->size);
    superslab_free(old->block);
    old->block = NULL;
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index + 31 * round_now};
    piece *fresh = pieces[round_now % 2][index];
    piece *others = pieces[(round_now + 1) % 2][(index + 1) % THREADS];
    barrier_wait(&together);
    for (size_t i = 0; i < PIECES; i++) {
        fresh[i] = piece_new(&random);
        piece_free(&others[i]);
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    uint64_t committed_warm = 0;
    for (round_now = 0; round_now < ROUNDS; round_now++) {
        team_run(THREADS, work, NULL);
        const superslab_stats now = stats_now();
        stats_check_consistent(&now);
        CHECK_EQ(now.live_blocks, before.live_blocks + THREADS * PIECES);
        if (round_now == WARM_ROUNDS)
            committed_warm = now.committed_bytes;
    }
    for (size_t i = 0; i < 2 * THREADS * PIECES; i++)
        piece_free(&pieces[i / PIECES / THREADS][i / PIECES % THREADS][i % PIECES]);
    stats_check_returned(&before);
    /* Except those in large caches. */
    CHECK_LE(stats_now().large_bytes, before.large_bytes + stats_now().cached_bytes);
    CHECK_LE(stats_now().committed_bytes, committed_warm + (64 << 20));
}
