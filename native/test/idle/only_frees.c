/* A thread that only frees what others allocate, for as long as one likes: in the second half of the time what
 * the process holds is no more than in the first. The first argument is the seed, the second the number of rounds; 1000 take a minute. */
#include "check.h"
#include "parcel.h"
#include "queue.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    MAKERS = 2,
    PARCELS = CHECK_SCALED(40000), /* of each maker in a round */
    ROUNDS = 120,
    GROWTH_MOST = 8 << 20
};

static queue queues[MAKERS];
static uint64_t seed, rounds = ROUNDS;
static atomic_ullong freed_rounds;

static void make(unsigned index) {
    rng random = {seed + index};
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < PARCELS; i++)
            queue_put(
                &queues[index],
                parcel_new(sizeof(parcel) + rng_log_size(&random, i % 64 == 0 ? 1 << 20 : 20000),
                           i));
        while (atomic_load(&freed_rounds) == round)
            sched_yield();
    }
}

static void free_all(void) {
    size_t rss_most = 0, bytes_most = 0;
    const bool rss_checked = rss_is_meaningful();
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < PARCELS; i++)
            for (unsigned maker = 0; maker < MAKERS; maker++)
                parcel_free(queue_take(&queues[maker]));
        /* All that there is, is free: the makers wait. */
        const superslab_stats now = stats_now();
        const size_t rss = rss_bytes(), bytes = now.committed_bytes;
        CHECK_EQ(now.lost_blocks, 0);
        if (round < rounds / 2) {
            rss_most = rss > rss_most ? rss : rss_most;
            bytes_most = bytes > bytes_most ? bytes : bytes_most;
        } else {
            CHECK_THAT(!rss_checked || rss <= rss_most + GROWTH_MOST, "round %ju: %zu, %zu before",
                       (uintmax_t)round, rss, rss_most);
            CHECK_THAT(bytes <= bytes_most + GROWTH_MOST, "round %ju: %zu, %zu before",
                       (uintmax_t)round, bytes, bytes_most);
        }
        atomic_fetch_add(&freed_rounds, 1);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < MAKERS)
        make(index);
    else
        free_all();
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    if (argc > 2)
        rounds = strtoull(argv[2], NULL, 0);
    const superslab_stats before = stats_start();
    team_run(MAKERS + 1, work, NULL);
    stats_check_returned(&before);
}
