/* A child of a child starts threads and forks again: the handlers of fork work in every generation, and
 * contents are each process's own. */
#include "check.h"
#include "child.h"
#include "parcel.h"
#include "stats.h"
#include "team.h"

enum { GENERATIONS = 6, THREADS = 3, PARCELS = 300 };

static parcel *kept[PARCELS];

static void work(unsigned index, void *context) {
    (void)context;
    for (unsigned i = 0; i < 2000; i++) {
        parcel *one = parcel_new(sizeof(parcel) + (i * 37 + index) % 5000, i);
        if (kept[i % PARCELS] == NULL)
            parcel_check(one);
        parcel_free(one);
    }
}

static void generation(void *number) {
    const uintptr_t left = (uintptr_t)number;
    const superslab_stats before = stats_start();
    for (unsigned i = 0; i < PARCELS; i++)
        parcel_check(kept[i]);
    team_run(THREADS, work, NULL);
    if (left > 0) {
        const child_result result = child_run(generation, (void *)(left - 1));
        child_check_clean(&result);
    }
    stats_check_returned(&before);
    for (unsigned i = 0; i < PARCELS; i++)
        parcel_free(kept[i]);
}

int main(void) {
    for (unsigned i = 0; i < PARCELS; i++)
        kept[i] = parcel_new(sizeof(parcel) + i * 100, i);
    generation((void *)(uintptr_t)GENERATIONS);
}
