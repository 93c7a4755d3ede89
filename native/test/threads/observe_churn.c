/* Whole slabs of changing classes come and go, while other threads inspect the same addresses, read statistics and trim:
 * every answer is consistent. */
#include "block.h"
#include "check.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { CHURNERS = 2, OBSERVERS = 2, BLOCKS = 300, ROUNDS = CHECK_SCALED(2000) };

static _Atomic uintptr_t shown[CHURNERS][BLOCKS];
static atomic_uint churning = CHURNERS;
static uint64_t seed;

static void churn(unsigned index) {
    rng random = {seed + index};
    void *blocks[BLOCKS];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t size = rng_log_size(&random, round % 8 == 0 ? 200000 : 20000);
        const size_t alignment = round % 5 == 0 ? 64 : 16;
        const size_t count = size > 20000 ? 8 : BLOCKS;
        for (size_t i = 0; i < count; i++) {
            blocks[i] = block_new_aligned(alignment, size);
            atomic_store_explicit(&shown[index][i], (uintptr_t)blocks[i], memory_order_relaxed);
        }
        for (size_t i = 0; i < count; i++)
            superslab_free(blocks[i]);
        if (round % 4 == 0)
            superslab_trim();
    }
    atomic_fetch_sub(&churning, 1);
}

static void observe(unsigned index) {
    rng random = {seed + index};
    while (atomic_load_explicit(&churning, memory_order_relaxed) > 0) {
        for (int i = 0; i < 500; i++) {
            const uintptr_t block = atomic_load_explicit(
                &shown[rng_below(&random, CHURNERS)][rng_below(&random, BLOCKS)],
                memory_order_relaxed);
            if (block == 0)
                continue;
            superslab_inspection found;
            superslab_inspect(block + i % 100, &found);
            CHECK_LE(found.kind, SUPERSLAB_ADDRESS_UNUSED);
            if (found.kind <= SUPERSLAB_ADDRESS_FREE) {
                CHECK_LE(found.block, block + i % 100);
                CHECK_GT(found.block + found.stride, block + i % 100);
                CHECK_LE(found.usable_size, found.stride);
            }
        }
        const superslab_stats now = stats_now();
        CHECK_LE(now.committed_bytes, now.reserved_bytes);
        CHECK_LE(now.slab_count, now.reserved_bytes >> 16);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < CHURNERS)
        churn(index);
    else
        observe(index);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team_run(CHURNERS + OBSERVERS, work, NULL);
    stats_check_returned(&before);
}
