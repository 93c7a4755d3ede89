/* A thread that only frees what others allocate, without end: in the last third of the time the process holds no more
 * than in the middle one. In the first third it grows to what the worst schedule of the threads takes, which on a busy
 * machine comes late. Medians are compared, because a single round depends on which threads the system let run. The
 * first argument is the seed, the second the number of rounds; 1000 take a minute. */
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
    ROUNDS = 240,
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

static int compare(const void *one, const void *other) {
    const size_t a = *(const size_t *)one, b = *(const size_t *)other;
    return (a > b) - (a < b);
}

static size_t median(size_t *figures, uint64_t count) {
    qsort(figures, count, sizeof *figures, compare);
    return figures[count / 2];
}

static void check_growth(const char *what, size_t *figures) {
    const uint64_t third = rounds / 3;
    const size_t middle = median(figures + third, third);
    const size_t last = median(figures + rounds - third, third);
    CHECK_THAT(last <= middle + GROWTH_MOST, "%s: %zu in the last third, %zu in the middle one",
               what, last, middle);
}

static void free_all(void) {
    size_t *rss = calloc(rounds, sizeof *rss), *committed = calloc(rounds, sizeof *committed);
    CHECK(rss != NULL && committed != NULL);
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < PARCELS; i++)
            for (unsigned maker = 0; maker < MAKERS; maker++)
                parcel_free(queue_take(&queues[maker]));
        /* All blocks are free here: the makers wait. */
        const superslab_stats now = stats_now();
        rss[round] = rss_bytes();
        committed[round] = now.committed_bytes;
        CHECK_EQ(now.lost_blocks, 0);
        atomic_fetch_add(&freed_rounds, 1);
    }
    if (rss_is_meaningful())
        check_growth("RSS", rss);
    check_growth("committed", committed);
    free(rss);
    free(committed);
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
    CHECK_GE(rounds, 3);
    const superslab_stats before = stats_start();
    team_run(MAKERS + 1, work, NULL);
    stats_check_returned(&before);
}
