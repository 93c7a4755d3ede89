/* Several threads take from a region and give to it at once, also blocks that others took; no block is handed out twice
 * and none is lost. The memory is inaccessible the whole time. */
#include "check.h"
#include "claim.h"
#include "rng.h"
#include "team.h"

#include <sys/mman.h>

enum { BYTES = 32 << 20, THREADS = 4, ROUNDS = CHECK_SCALED(6000), BATCH = 64, PLACES = 256 };

static claims all;
static _Atomic uint32_t board[PLACES]; /* offset / 16 + 1; 0: empty */
static uint64_t seed;

static void give(uint32_t note) {
    if (note == 0)
        return;
    const uint32_t offset = (note - 1) * 16;
    claims_give(&all, offset);
    CHECK_EQ(superslab_region_give(all.region, &offset, 1), 1);
}

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    uint32_t offsets[BATCH];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t size = rng_log_size(&random, round % 8 == 0 ? 100000 : 4000);
        const size_t want = size > 4000 ? 2 : rng_between(&random, 1, BATCH);
        const size_t count = superslab_region_take(all.region, size, offsets, want);
        for (size_t i = 0; i < count; i++)
            claims_take(&all, offsets[i], size);
        size_t kept = count;
        if (count > 0) { /* one goes to the next thread */
            kept--;
            give(atomic_exchange_explicit(&board[rng_below(&random, PLACES)],
                                          offsets[kept] / 16 + 1, memory_order_acq_rel));
        }
        for (size_t i = 0; i < kept; i++)
            claims_give(&all, offsets[i]);
        CHECK_EQ(superslab_region_give(all.region, offsets, kept), kept);
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    void *memory = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt(memory, BYTES, BYTES);
    CHECK(region != NULL);
    claims_start(&all, region, BYTES);
    team_run(THREADS, work, NULL);
    for (size_t i = 0; i < PLACES; i++)
        give(atomic_exchange(&board[i], 0));
    claims_end(&all);

    /* All of it can be taken again, also in one piece. */
    uint32_t offset;
    CHECK_EQ(superslab_region_take(region, BYTES / 2, &offset, 1), 1);
    CHECK_EQ(superslab_region_give(region, &offset, 1), 1);
    superslab_region_retire(region);
}
