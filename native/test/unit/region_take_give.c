/* Batches of every size: aligned, disjoint, big enough, given back and taken again. */
#include "check.h"
#include "extent.h"
#include "rng.h"
#include "superslab.h"
#include "table.h"

#include <sys/mman.h>

enum { BYTES = 32 << 20, COUNT_MAX = 4096 };

static superslab_region *region;
static uint32_t *offsets;
static extent *extents;

static size_t take_all(size_t size, size_t want) {
    size_t count = 0, got;
    while (count < want &&
           (got = superslab_region_take(region, size, offsets + count, want - count)) > 0)
        count += got;
    return count;
}

static void check_blocks(size_t size, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t usable = superslab_region_usable_size(region, offsets[i]);
        CHECK_GE(usable, size);
        CHECK_LE((size_t)offsets[i] + usable, BYTES);
        CHECK_EQ(offsets[i] % 16, 0);
        extents[i] = (extent){offsets[i], usable};
    }
    extents_check_disjoint(extents, count);
}

static void size_run(rng *random, size_t size) {
    const size_t room = BYTES / 2 / (size + 16);
    const size_t want = room > COUNT_MAX ? COUNT_MAX : room;
    for (int round = 0; round < 3; round++) {
        const size_t count = take_all(size, want);
        CHECK_EQ(count, want);
        check_blocks(size, count);
        /* Given in batches of any length. */
        for (size_t given = 0; given < count;) {
            size_t batch = rng_between(random, 1, 300);
            if (batch > count - given)
                batch = count - given;
            CHECK_EQ(superslab_region_give(region, offsets + given, batch), batch);
            given += batch;
        }
        for (size_t i = 0; i < count; i += 97)
            CHECK_EQ(superslab_region_usable_size(region, offsets[i]), 0);
    }
}

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    offsets = table_new(COUNT_MAX, sizeof *offsets);
    extents = table_new(COUNT_MAX, sizeof *extents);
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    region = superslab_region_adopt(memory, BYTES, BYTES);
    CHECK(region != NULL);
    CHECK_EQ(superslab_region_take(region, 64, offsets, 0), 0);
    CHECK_EQ(superslab_region_give(region, offsets, 0), 0);
    for (size_t size = 1; size <= 8 << 20; size += size / 3 + 1)
        size_run(&random, size);
    for (size_t size = 16; size <= 8 << 20; size *= 2)
        size_run(&random, size);
    superslab_region_retire(region);
}
