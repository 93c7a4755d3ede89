/* One thread allocates and refills, another frees the blocks: remote frees against the owner. The
 * consumer's caches and the slabs stay bounded. */
#include "check.h"
#include "parcel.h"
#include "queue.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

enum { PAIRS = 2, PARCELS = CHECK_SCALED(200000) };

static queue queues[PAIRS];
static uint64_t seed;
static size_t size_max;

static void work(unsigned index, void *context) {
    (void)context;
    queue *q = &queues[index / 2];
    rng random = {seed + index};
    for (uint64_t i = 0; i < PARCELS; i++) {
        if (index % 2 == 0)
            queue_put(q, parcel_new(sizeof(parcel) + rng_below(&random, size_max), i));
        else
            parcel_free(queue_take(q));
    }
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {48, 1000, 30000};
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_max = sizes[i];
        team_run(2 * PAIRS, work, NULL);
        const superslab_stats after = stats_now();
        stats_check_returned(&before);
        /* At most PAIRS * QUEUE_COUNT blocks were ever alive. */
        CHECK_LE(after.slab_bytes, (64 << 20) + PAIRS * QUEUE_COUNT * sizes[i] * 4);
    }
}
