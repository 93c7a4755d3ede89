/* A sized free with a size that cannot have been the block's request is reported, and the block stays live. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "pattern.h"
#include "report.h"
#include "stats.h"

static void wrong_size(void *block, size_t size) {
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    CHECK_EQ(superslab_check_sized(block, size), SUPERSLAB_ERROR_SIZE_MISMATCH);
    reports_expect_none();
    superslab_free_sized(block, size);
    reports_expect(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
}

int main(void) {
    const superslab_stats before = stats_start();
    reports_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        const size_t usable = all.usable[i];
        unsigned char *block = block_new(usable);
        pattern_fill(block, usable, i);
        wrong_size(block, usable + 1);
        wrong_size(block, usable * 2 + 16);
        wrong_size(block, SIZE_MAX);
        /* From half of what it holds on, a realloc may have made it smaller in place. */
        for (size_t j = 0; j < i && all.usable[j] < usable / 2; j++)
            wrong_size(block, all.usable[j]);
        CHECK_EQ(superslab_usable_size(block), usable);
        CHECK(pattern_intact(block, usable, i));
        CHECK_EQ(superslab_check_sized(block, usable), SUPERSLAB_OK);
        superslab_free_sized(block, usable);
        CHECK(superslab_check_sized(block, usable) != SUPERSLAB_OK);
        reports_expect_none();
    }
    for (size_t size = 70000; size < 20 << 20; size *= 3) {
        void *block = block_new(size);
        wrong_size(block, 16);
        wrong_size(block, size * 2);
        superslab_free_sized(block, size);
        reports_expect_none();
    }
    for (size_t alignment = 64; alignment <= 1 << 20; alignment *= 4) {
        void *block = block_new_aligned(alignment, alignment);
        superslab_free_aligned_sized(block, alignment, alignment * 64 + 1);
        reports_expect(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
        superslab_free_aligned_sized(block, alignment, alignment);
        reports_expect_none();
    }
    stats_check_returned(&before);
}
