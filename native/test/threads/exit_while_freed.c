/* Threads that end before and while other threads free into their slabs. */
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = CHECK_SCALED(400), OWNERS = 2, FREERS = 2, BLOCKS = 300 };

static _Atomic(parcel *) published[OWNERS][BLOCKS];
static uint64_t seed;
static unsigned round_now;

static void allocate(unsigned owner) {
    rng random = {seed + owner + 7 * round_now};
    const size_t limit = round_now % 3 == 0 ? 100 : round_now % 3 == 1 ? 2000 : 40000;
    for (size_t i = 0; i < BLOCKS; i++) {
        parcel *fresh = parcel_new(sizeof(parcel) + rng_below(&random, limit), i);
        atomic_store_explicit(&published[owner][i], fresh, memory_order_release);
    }
    /* It ends while its blocks are being freed. */
}

static void collect(unsigned freer) {
    for (size_t i = freer; i < OWNERS * BLOCKS; i += FREERS) {
        _Atomic(parcel *) *place = &published[i % OWNERS][i / OWNERS];
        parcel *got;
        while ((got = atomic_exchange_explicit(place, NULL, memory_order_acq_rel)) == NULL)
            sched_yield();
        parcel_free(got);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < OWNERS)
        allocate(index);
    else
        collect(index - OWNERS);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    for (round_now = 0; round_now < ROUNDS; round_now++) {
        team_run(OWNERS + FREERS, work, NULL);
        stats_check_returned(&before);
    }
    CHECK_EQ(stats_now().thread_count, before.thread_count);
}
