/* Questions about addresses of a region while it is adopted, used and retired again and again: they
 * never fault and never read memory that was unmapped. */
#include "check.h"
#include "rng.h"
#include "superslab.h"
#include "table.h"
#include "team.h"

#include <stdatomic.h>

enum { THREADS = 3, ROUNDS = CHECK_SCALED(200), REGION_BYTES = 1 << 20, BLOCKS = 40 };

static unsigned char *memory;
static atomic_bool finished;
static uint64_t seed;

static void come_and_go(void) {
    for (unsigned i = 0; i < ROUNDS; i++) {
        superslab_region *region = superslab_region_adopt(memory, REGION_BYTES, REGION_BYTES);
        uint32_t offsets[BLOCKS];
        CHECK(region != NULL);
        const size_t size = i % 2 == 0 ? 3000 : 100000, most = i % 2 == 0 ? BLOCKS : 5;
        CHECK_EQ(superslab_region_take(region, size, offsets, most), most);
        CHECK_EQ(superslab_region_give(region, offsets, most), most);
        superslab_region_retire(region);
    }
    atomic_store(&finished, true);
}

static void ask(unsigned index) {
    rng random = {seed + index};
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        unsigned char *address = memory + rng_below(&random, REGION_BYTES);
        superslab_inspection inspection;
        superslab_inspect((uintptr_t)address, &inspection);
        CHECK(inspection.block == 0 || inspection.usable_size > 0);
        CHECK_EQ(superslab_check(address), SUPERSLAB_ERROR_UNKNOWN_POINTER);
        CHECK_EQ(superslab_check_sized(address, 100), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index == 0)
        come_and_go();
    else
        ask(index);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    memory = table_new(1, REGION_BYTES);
    team_run(THREADS, work, NULL);
    table_free(memory, 1, REGION_BYTES);
}
