/* The allocator neither reads nor writes a region's memory: it works here while the memory is inaccessible, and the
 * caller's bytes stay, in taken blocks and between them. */
#include "check.h"
#include "pattern.h"
#include "rng.h"
#include "superslab.h"
#include "table.h"

#include <sys/mman.h>

enum { BYTES = 16 << 20, COUNT = 512, ROUNDS = CHECK_SCALED(4000) };

static void work(superslab_region *region, uint64_t seed) {
    rng random = {seed};
    static uint32_t offsets[16][COUNT];
    static size_t counts[16];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t slot = rng_below(&random, 16);
        CHECK_EQ(superslab_region_give(region, offsets[slot], counts[slot]), counts[slot]);
        const size_t size = rng_log_size(&random, 20000);
        const size_t want = rng_between(&random, 1, COUNT);
        counts[slot] = superslab_region_take(region, size, offsets[slot], want);
        for (size_t i = 0; i < counts[slot]; i++)
            CHECK_GE(superslab_region_usable_size(region, offsets[slot][i]), size);
    }
    for (size_t slot = 0; slot < 16; slot++) {
        CHECK_EQ(superslab_region_give(region, offsets[slot], counts[slot]), counts[slot]);
        counts[slot] = 0;
    }
}

int main(int argc, char **argv) {
    const uint64_t seed = check_seed(argc, argv, 42);
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    pattern_fill(memory, BYTES, 5);
    superslab_region *region = superslab_region_adopt(memory, BYTES, BYTES);
    CHECK(region != NULL);
    work(region, seed);
    CHECK(pattern_intact(memory, BYTES, 5));
    CHECK_EQ(mprotect(memory, BYTES, PROT_NONE), 0);
    work(region, seed + 1);
    superslab_trim();
    superslab_region_retire(region);
    CHECK_EQ(mprotect(memory, BYTES, PROT_READ), 0);
}
