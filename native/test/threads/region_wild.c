/* A thread writes random bytes all over a region's memory while others take and give: the data may be corrupted, the
 * allocator may not. When two threads give the same block, one of them has given it. */
#include "barrier.h"
#include "check.h"
#include "claim.h"
#include "rng.h"
#include "team.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { BYTES = 8 << 20, WORKERS = 2, ROUNDS = CHECK_SCALED(4000), BATCH = 50 };

static claims all;
static _Atomic uint64_t *memory;
static atomic_uint working;
static uint64_t seed;

static void write_wildly(unsigned index) {
    rng random = {seed + index};
    while (atomic_load_explicit(&working, memory_order_relaxed) > 0) {
        for (int i = 0; i < 1000; i++)
            atomic_store_explicit(&memory[rng_below(&random, BYTES / 8)], rng_next(&random),
                                  memory_order_relaxed);
    }
}

static void take_and_give(unsigned index) {
    rng random = {seed + index};
    uint32_t offsets[BATCH];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t size = rng_log_size(&random, 5000);
        const size_t count = superslab_region_take(all.region, size, offsets, BATCH);
        for (size_t i = 0; i < count; i++)
            claims_take(&all, offsets[i], size);
        for (size_t i = 0; i < count; i++)
            claims_give(&all, offsets[i]);
        CHECK_EQ(superslab_region_give(all.region, offsets, count), count);
    }
    atomic_fetch_sub(&working, 1);
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < WORKERS)
        take_and_give(index);
    else
        write_wildly(index);
}

/* ---- the same blocks given by two threads in the same moment ---- */

static uint32_t contested[BATCH];
static size_t contested_count;
static atomic_size_t given;
static barrier together = BARRIER(2);

static void give_too(unsigned index, void *context) {
    (void)index;
    (void)context;
    barrier_wait(&together);
    atomic_fetch_add(&given, superslab_region_give(all.region, contested, contested_count));
}

static void contest(void) {
    for (int round = 0; round < CHECK_SCALED(2000); round++) {
        contested_count = superslab_region_take(all.region, 16 + round % 500, contested, BATCH);
        CHECK_GT(contested_count, 0);
        atomic_store(&given, 0);
        team_run(2, give_too, NULL);
        CHECK_EQ(atomic_load(&given), contested_count);
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK((void *)memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt((void *)memory, BYTES, BYTES);
    CHECK(region != NULL);
    claims_start(&all, region, BYTES);
    atomic_store(&working, WORKERS);
    team_run(WORKERS + 1, work, NULL);
    contest();
    claims_end(&all);
    superslab_region_retire(region);
}
