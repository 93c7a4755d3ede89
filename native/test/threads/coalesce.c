/* Neighbouring large blocks freed by several threads at once join into larger runs, and live blocks between them stay
 * intact. */
#include "barrier.h"
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

enum { THREADS = 3, BLOCKS = 96, ROUNDS = CHECK_SCALED(120) };

static parcel *blocks[BLOCKS], *kept[BLOCKS];
static barrier together = BARRIER(THREADS);
static uint64_t seed;

static void work(unsigned index, void *context) {
    rng random = {seed + index + *(unsigned *)context};
    barrier_wait(&together);
    for (size_t i = index; i < BLOCKS; i += THREADS)
        parcel_free(blocks[i]);
    /* Larger ones come out of the runs that the three of them have just joined. */
    for (size_t i = index; i < BLOCKS; i += 2 * THREADS)
        kept[i] = parcel_new(rng_between(&random, 100000, 900000), i);
    for (size_t i = index; i < BLOCKS; i += 2 * THREADS)
        kept[i] = parcel_resize(kept[i], rng_between(&random, 70000, 1200000));
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    rng random = {seed};
    const superslab_stats before = stats_start();
    uint64_t committed_warm = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = parcel_new(rng_between(&random, 66000, 400000), i);
        team_run(THREADS, work, &round);
        for (size_t i = 0; i < BLOCKS; i++) {
            parcel_free(kept[i]);
            kept[i] = NULL;
        }
        stats_check_returned(&before);
        /* Except those in large caches. */
        CHECK_LE(stats_now().large_bytes, before.large_bytes + stats_now().cached_bytes);
        if (round == ROUNDS / 4)
            committed_warm = stats_now().committed_bytes;
    }
    /* At level 2 large caches may hold 256 MiB, with nothing in most of it. */
    const uint64_t more = CHECK_HARDENED >= 2 ? 320 << 20 : 64 << 20;
    CHECK_LE(stats_now().committed_bytes, committed_warm + more);
}
