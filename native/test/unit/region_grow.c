/* A full region asks to grow until its limit, and is then full; blocks that were given back are taken again. */
#include "check.h"
#include "extent.h"
#include "superslab.h"
#include "table.h"

#include <errno.h>
#include <sys/mman.h>

enum { START = 1 << 20, LIMIT = 16 << 20, STEP = 3 << 20, COUNT_MAX = LIMIT / 1000 };

static size_t exhaust(superslab_region *region, size_t size, uint32_t *offsets, int expected) {
    size_t count = 0, got;
    errno = 0;
    while ((got = superslab_region_take(region, size, offsets + count, 37)) > 0) {
        count += got;
        CHECK_LT(count, COUNT_MAX - 37);
        errno = 0;
    }
    CHECK_EQ(errno, expected);
    return count;
}

int main(void) {
    uint32_t *offsets = table_new(COUNT_MAX, sizeof *offsets);
    extent *extents = table_new(COUNT_MAX, sizeof *extents);
    void *memory = mmap(NULL, LIMIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt(memory, START, LIMIT);
    CHECK(region != NULL);
    size_t bytes = START, count = 0;
    for (;;) {
        count += exhaust(region, 1008, offsets + count, bytes < LIMIT ? EAGAIN : ENOMEM);
        CHECK_GE(count * 1024, bytes - bytes / 4); /* little of it is wasted */
        for (size_t i = 0; i < count; i++)
            CHECK_LE(offsets[i] + superslab_region_usable_size(region, offsets[i]), bytes);
        if (bytes == LIMIT)
            break;
        bytes = bytes + STEP < LIMIT ? bytes + STEP : LIMIT;
        superslab_region_grow(region, bytes);
    }
    for (size_t i = 0; i < count; i++)
        extents[i] = (extent){offsets[i], superslab_region_usable_size(region, offsets[i])};
    extents_check_disjoint(extents, count);

    /* A request that can never fit is no reason to grow. */
    uint32_t offset;
    errno = 0;
    CHECK_EQ(superslab_region_take(region, (size_t)LIMIT + 1, &offset, 1), 0);
    CHECK_EQ(errno, ENOMEM);
    volatile size_t absurd = SIZE_MAX;
    errno = 0;
    CHECK_EQ(superslab_region_take(region, absurd, &offset, 1), 0);
    CHECK_EQ(errno, ENOMEM);

    /* All given back, the memory serves another size as well as this one. */
    CHECK_EQ(superslab_region_give(region, offsets, count), count);
    CHECK_GE(exhaust(region, 60000, offsets, ENOMEM) * (64 << 10), LIMIT / 2);
    superslab_region_retire(region);

    /* The growing was announced, not done: a shrinking or repeated announcement changes nothing. */
    region = superslab_region_adopt(memory, START, LIMIT);
    CHECK(region != NULL);
    superslab_region_grow(region, START);
    count = exhaust(region, 1008, offsets, EAGAIN);
    superslab_region_grow(region, LIMIT);
    CHECK_GT(exhaust(region, 1008, offsets + count, ENOMEM), count);
    superslab_region_retire(region);
}
