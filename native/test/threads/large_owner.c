/* One thread takes and frees large blocks all the time, so that it owns the lock on their space. Once it does, other
 * threads revoke the ownership, and the next thread takes over its role. */
#include "barrier.h"
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <time.h>

enum { THREADS = 3, KEPT = 16, ROUNDS = 6, VISITS = CHECK_SCALED(160) };

static barrier together = BARRIER(THREADS);
static atomic_uint visitors;
static uint64_t seed;

static void change(parcel **kept, rng *random) {
    parcel **one = &kept[rng_between(random, 0, KEPT - 1)];
    parcel_free(*one);
    *one = parcel_new(rng_between(random, 66000, 500000), rng_next(random));
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    parcel *kept[KEPT] = {NULL};
    for (unsigned round = 0; round < ROUNDS; round++) {
        const bool is_busy = round % THREADS == index;
        if (!is_busy)
            atomic_fetch_add(&visitors, 1);
        barrier_wait(&together);
        while (is_busy && atomic_load(&visitors) != 0)
            change(kept, &random);
        for (unsigned i = 0; !is_busy && i < VISITS; i++) {
            /* Long enough for the busy one to own the lock. */
            const struct timespec pause = {0, (long)rng_between(&random, 200000, 900000)};
            nanosleep(&pause, NULL);
            change(kept, &random);
        }
        if (!is_busy)
            atomic_fetch_sub(&visitors, 1);
        barrier_wait(&together);
    }
    for (unsigned i = 0; i < KEPT; i++)
        parcel_free(kept[i]);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team_run(THREADS, work, NULL);
    stats_check_returned(&before);
}
