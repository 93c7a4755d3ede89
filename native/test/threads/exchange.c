/* A board of blocks that all threads swap: most blocks are freed or resized by a thread that did not
 * allocate them. Usage: exchange [seed [operations]] */
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 4, PLACES = 512 };

static _Atomic(parcel *) board[PLACES];
static uint64_t seed, operations;
static size_t size_max;

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed * THREADS + index};
    for (uint64_t op = 0; op < operations; op++) {
        _Atomic(parcel *) *place = &board[rng_below(&random, PLACES)];
        /* Acquire and release: the parcel's contents travel with the pointer. */
        parcel *mine = atomic_exchange_explicit(place, NULL, memory_order_acq_rel);
        const size_t size = sizeof(parcel) + rng_log_size(&random, size_max);
        if (mine != NULL && rng_below(&random, 4) == 0) {
            mine = parcel_resize(mine, size);
        } else {
            parcel_free(mine);
            mine = parcel_new(size, rng_next(&random));
        }
        parcel_free(atomic_exchange_explicit(place, mine, memory_order_acq_rel));
    }
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {200, 8192, 60000, 600000};
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_max = sizes[i];
        operations =
            argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)CHECK_SCALED(400000) >> 2 * i;
        team_run(THREADS, work, NULL);
        for (size_t place = 0; place < PLACES; place++)
            parcel_free(atomic_exchange(&board[place], NULL));
        stats_check_returned(&before);
    }
}
