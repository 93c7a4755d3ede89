/* Regions that can be adopted, and the answers of inspect and the core about them. */
#include "check.h"
#include "rss.h"
#include "stats.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 4 << 20 };

static void refused(void *base, size_t bytes, size_t limit) {
    errno = 0;
    CHECK(superslab_region_adopt(base, bytes, limit) == NULL);
    CHECK_EQ(errno, EINVAL);
}

int main(void) {
    const superslab_stats before = stats_start();
    char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    refused(memory + 1, BYTES / 2, BYTES / 2);
    refused(memory + 64, BYTES / 2, BYTES / 2);
    refused(memory, BYTES, BYTES / 2);
    refused(memory, BYTES, (size_t)4 << 30);
    refused(memory, BYTES, SIZE_MAX);
    refused(NULL, BYTES, BYTES);
    stats_check_returned(&before);

    const size_t mapped_before = rss_mapped_bytes();
    /* A page boundary is enough: superslab's own granules need not fit. Adopted again and again. */
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (unsigned round = 0; round < 1000; round++) {
        char *base = memory + round % 7 * page;
        superslab_region *region = superslab_region_adopt(base, BYTES / 2, BYTES / 2);
        CHECK(region != NULL);
        uint32_t offsets[16];
        CHECK_EQ(superslab_region_take(region, 1000, offsets, 16), 16);
        for (size_t i = 0; i < 16; i++) {
            CHECK_GE(superslab_region_usable_size(region, offsets[i]), 1000);
            CHECK_LE(offsets[i] + superslab_region_usable_size(region, offsets[i]), BYTES / 2);
            superslab_inspection found;
            superslab_inspect((uintptr_t)base + offsets[i],
                              &found); /* no fault; nothing else is promised */
        }
        if (round % 2 == 0)
            CHECK_EQ(superslab_region_give(region, offsets, 16), 16);
        superslab_region_retire(region); /* with blocks out, every other time */
    }
    CHECK_EQ(munmap(memory, BYTES), 0);
    superslab_inspection found;
    superslab_inspect((uintptr_t)memory, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_NO_ACCESS);
    stats_check_returned(&before);
    /* The metadata of a region is released, except for a bounded rest. */
    CHECK_LE(stats_now().metadata_bytes, before.metadata_bytes + (4 << 20));
    if (!CHECK_SANITIZED)
        CHECK_LE(rss_mapped_bytes(), mapped_before + (64 << 20));
}
