/* A free of a pointer into a block is noticed at once; if the byte before the pointer equals the block's header, when
 * the bin is flushed. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "report.h"
#include "stats.h"

#include <string.h>

static void at_once(unsigned char *block, size_t size) {
    const size_t usable = superslab_usable_size(block);
    const size_t inside[] = {1, 8, 16, 48, usable / 2 & ~(size_t)15, usable - 1};
    memset(block, 0, usable);
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        if (inside[i] == 0 || inside[i] >= usable)
            continue;
        superslab_free(block + inside[i]);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + inside[i]);
    }
    superslab_free_sized(block + usable / 2, size / 2 + 1);
    reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + usable / 2);
}

/* Every value the byte before the pointer can have. */
static void at_flush(unsigned char *block, size_t distance) {
    for (unsigned value = 0; value < 256; value++) {
        memset(block, (int)value, superslab_usable_size(block));
        superslab_free(block + distance);
        superslab_trim();
        CHECK_THAT(reports_count(0) == 1, "%u reports, value %u, distance %zu", reports_count(0),
                   value, distance);
        reports_expect_either(SUPERSLAB_ERROR_INSIDE_BLOCK, SUPERSLAB_ERROR_WRONG_CLASS,
                              block + distance);
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    reports_start();
    const classes all = classes_derive();
    for (size_t i = 1; i < all.count; i++) {
        unsigned char *block = block_new(all.usable[i]);
        at_once(block, all.usable[i]);
        superslab_free(block);
        reports_expect_none();
    }
    for (size_t size = 70000; size < 20 << 20; size *= 3) {
        unsigned char *block = block_new(size);
        const size_t inside[] = {1, 16, 4096, 65536, size / 2, size - 1};
        for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
            superslab_free(block + inside[i]);
            reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + inside[i]);
        }
        superslab_free(block);
    }
    for (size_t alignment = 32; alignment <= 65536; alignment *= 2) {
        unsigned char *block = block_new_aligned(alignment, alignment * 2);
        memset(block, 0, alignment * 2);
        superslab_free(block + 1);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + 1);
        superslab_free(block + alignment);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + alignment);
        superslab_free(block);
    }
    stats_check_returned(&before);

    static const size_t sizes[] = {100, 1000, 5000, 60000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *block = block_new(sizes[i]);
        at_flush(block, 16);
        at_flush(block, 64);
        at_flush(block, 24);
        superslab_free(block);
        reports_expect_none();
    }
    stats_check_returned(&before);
}
