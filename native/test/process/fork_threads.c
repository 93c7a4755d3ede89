/* fork in a process whose other threads are in the middle of all kinds of calls: the child allocates, frees
 * what the parent had, and exits clean, 60 times. */
#include "check.h"
#include "child.h"
#include "model.h"
#include "parcel.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>

/* More than the bins of one of these threads hold: the first room of each class that it uses, and what
 * SS_HEAP_MAX_BYTES lets them have together. */
#define LOST_MAX_BYTES (9u << 20)

enum { THREADS = 3, CHILDREN = 60 / (CHECK_SANITIZED ? 4 : 1), PARCELS = 64 };

static atomic_bool finished;
static parcel *parents[PARCELS]; /* main's: allocated before the fork, freed in each child */
static uint64_t seed;

static void work(unsigned index, void *context) {
    (void)context;
    static const size_t size_max[THREADS] = {1000, 50000, 2 << 20};
    model shadow;
    model_start(&shadow, seed + index, index == 2 ? 16 : 500, size_max[index]);
    while (!atomic_load_explicit(&finished, memory_order_relaxed))
        model_step(&shadow, 50);
    model_end(&shadow);
}

static void child_main(void *number) {
    model shadow;
    model_start(&shadow, seed + (uintptr_t)number, 200, 100000);
    model_step(&shadow, 2000);
    for (size_t i = 0; i < PARCELS; i++)
        parents[i] = parcel_resize(parents[i], 100 + i * 1000);
    for (size_t i = 0; i < PARCELS; i++)
        parcel_free(parents[i]);
    superslab_trim();
    model_step(&shadow, 2000);
    model_end(&shadow);
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.thread_count, 1);
    CHECK_LE(now.lost_bytes, THREADS * LOST_MAX_BYTES);
    /* The leak checker of a sanitizer cannot run in a process that has lost threads by fork. */
    if ((uintptr_t)number % 4 == 0 && !CHECK_SANITIZED)
        exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < PARCELS; i++)
        parents[i] = parcel_new(sizeof(parcel) + i * 1500, i);
    team workers;
    team_start(&workers, THREADS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    for (size_t i = 0; i < PARCELS; i++)
        parcel_free(parents[i]);
    stats_check_returned(&before);
}
