/* Offsets of any kind at which no live block starts are skipped and not counted. */
#include "check.h"
#include "rng.h"
#include "superslab.h"

#include <sys/mman.h>

enum { BYTES = 8 << 20, COUNT = 300 };

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    void *memory = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt(memory, BYTES / 2, BYTES);
    CHECK(region != NULL);
    const uint32_t beyond[] = {0,          BYTES / 2,       BYTES - 16,  BYTES,
                               UINT32_MAX, UINT32_MAX - 15, 0x80000000u, 0xdeadbeefu};
    const size_t beyond_count = sizeof beyond / sizeof *beyond;
    CHECK_EQ(superslab_region_give(region, beyond, beyond_count), 0);

    static uint32_t offsets[COUNT], twice[2 * COUNT];
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        const size_t want = size < 8000 ? COUNT : 8;
        size_t count = 0, got;
        while (count < want &&
               (got = superslab_region_take(region, size, offsets + count, want - count)) > 0)
            count += got;
        CHECK_EQ(count, want);

        /* Inside blocks, aligned and not. */
        const size_t usable = superslab_region_usable_size(region, offsets[0]);
        for (size_t i = 0; i < count; i++) {
            const uint32_t inside[] = {offsets[i] + 1, offsets[i] + (uint32_t)usable - 1,
                                       offsets[i] + (uint32_t)(usable / 2 | 1)};
            CHECK_EQ(superslab_region_give(region, inside, 3), 0);
            CHECK_EQ(superslab_region_usable_size(region, offsets[i] + 1), 0);
            if (usable > 32) {
                const uint32_t aligned = offsets[i] + 16;
                CHECK_EQ(superslab_region_give(region, &aligned, 1), 0);
            }
            CHECK_EQ(superslab_region_usable_size(region, offsets[i]), usable);
        }
        CHECK_EQ(superslab_region_give(region, beyond + 1, beyond_count - 1), 0);

        /* Each twice in one batch, garbage between: counted once. Then all of them again. */
        for (size_t i = 0; i < count; i++) {
            twice[2 * i] = offsets[i];
            twice[2 * i + 1] = i % 3 == 0 ? offsets[i] + 8 : offsets[i];
        }
        CHECK_EQ(superslab_region_give(region, twice, 2 * count), count);
        CHECK_EQ(superslab_region_give(region, offsets, count), 0);
        CHECK_EQ(superslab_region_give(region, twice, 2 * count), 0);
    }

    /* Nothing is out: no random offset is a block. */
    for (int i = 0; i < CHECK_SCALED(200000); i++) {
        const uint32_t offset = (uint32_t)rng_next(&random);
        CHECK_EQ(superslab_region_usable_size(region, offset), 0);
        CHECK_EQ(superslab_region_give(region, &offset, 1), 0);
    }
    superslab_region_retire(region);
}
