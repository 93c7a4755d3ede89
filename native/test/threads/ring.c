/* A ring of threads: each hands its blocks to the next; a block is freed by the thread opposite to the
 * one that allocated it, after every thread between has checked and resized it. */
#include "check.h"
#include "parcel.h"
#include "queue.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

enum { THREADS = 6, HOPS = 3, LAPS = CHECK_SCALED(20000), WINDOW = 32 };

static queue queues[THREADS];
static uint64_t seed;

/* Checked, resized and counted; NULL when it was freed at the end of its way. The hops it has made
 * stand in the low bits of its seed. */
static parcel *hop(rng *random, parcel *one) {
    const uint64_t hops = one->seed % 16 + 1;
    if (hops == HOPS) {
        parcel_free(one);
        return NULL;
    }
    one = parcel_resize(one, sizeof(parcel) + rng_log_size(random, 20000));
    parcel_reseed(one, rng_next(random) / 16 * 16 + hops);
    return one;
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    queue *in = &queues[index], *out = &queues[(index + 1) % THREADS];
    for (int lap = 0; lap < LAPS + WINDOW; lap++) {
        /* One new block and HOPS - 1 that pass through a lap: every queue stays short. */
        if (lap < LAPS)
            queue_put(out, parcel_new(sizeof(parcel) + rng_log_size(&random, 20000),
                                      rng_next(&random) / 16 * 16));
        if (lap < WINDOW)
            continue;
        for (unsigned taken = 0; taken < HOPS; taken++) {
            parcel *one = hop(&random, queue_take(in));
            if (one != NULL)
                queue_put(out, one);
        }
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team_run(THREADS, work, NULL);
    stats_check_returned(&before);
}
