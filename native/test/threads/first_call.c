/* The first calls of a process come from many threads in the same moment. */
#include "check.h"
#include "child.h"
#include "parcel.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { THREADS = 4, SPINNERS = 2, CHILDREN = CHECK_SCALED(300), BLOCKS = 200 };

static atomic_uint arrived;

static void work(unsigned index, void *context) {
    (void)context;
    parcel *mine[BLOCKS];
    /* Not a barrier that sleeps: the first two must be running when the moment comes. */
    atomic_fetch_add(&arrived, 1);
    while (atomic_load_explicit(&arrived, memory_order_relaxed) < SPINNERS)
        ;
    for (unsigned i = 0; i < BLOCKS; i++)
        mine[i] = parcel_new(sizeof(parcel) + (index * 977 + i * 131) % 90000, index * BLOCKS + i);
    for (unsigned i = 0; i < BLOCKS; i++)
        parcel_free(mine[i]);
}

static void child_main(void *unused) {
    (void)unused;
    team_run(THREADS, work, NULL);
    const superslab_stats now = stats_now();
    CHECK_EQ(now.live_blocks, 0);
    CHECK_EQ(now.live_bytes, 0);
    stats_check_consistent(&now);
}

int main(void) {
    for (int i = 0; i < CHILDREN; i++) {
        const child_result result = child_run(child_main, NULL);
        child_check_clean(&result);
    }
}
