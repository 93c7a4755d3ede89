/* Only the start of an aligned block is freed, once: a free of any other address in its slab is noticed at once and
 * changes nothing. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"

enum { EACH = 4, STEP = 16, PLACES = 64 };

static superslab_address_kind kind_of(const void *block) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)block, &found);
    CHECK_EQ(found.block, (uintptr_t)block);
    return found.kind;
}

/* Some of the places in the block, those of smaller alignments among them. */
static void inside(unsigned char *block, size_t usable) {
    const size_t step = usable / PLACES / STEP * STEP + STEP;
    for (size_t at = step; at < usable; at += step) {
        superslab_free(block + at);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + at);
    }
    for (size_t at = STEP; at < usable; at *= 2) {
        superslab_free(block + at);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + at);
        superslab_free(block + at + 1);
        reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + at + 1);
    }
    CHECK_EQ(kind_of(block), SUPERSLAB_ADDRESS_LIVE);
    CHECK_EQ(superslab_usable_size(block), usable);
    CHECK(superslab_realloc(block, usable) == block);
}

static void run(size_t alignment, size_t size) {
    void *blocks[EACH];
    for (size_t i = 0; i < EACH; i++)
        blocks[i] = block_new_aligned(alignment, size);
    for (size_t i = 0; i < EACH; i++)
        inside(blocks[i], superslab_usable_size(blocks[i]));
    for (size_t i = 0; i + 1 < EACH; i++) {
        superslab_free(blocks[i]);
        reports_expect_none();
        CHECK_EQ(kind_of(blocks[i]), SUPERSLAB_ADDRESS_CACHED);
        superslab_free(blocks[i]);
        reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, blocks[i]);
        CHECK_EQ(superslab_check(blocks[i]), SUPERSLAB_ERROR_DOUBLE_FREE);
    }
    /* In its slab, which the last block keeps. */
    superslab_trim();
    for (size_t i = 0; i + 1 < EACH; i++) {
        if (superslab_check(blocks[i]) == SUPERSLAB_ERROR_DOUBLE_FREE) {
            superslab_free(blocks[i]);
            reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, blocks[i]);
        }
    }
    superslab_free(blocks[EACH - 1]);
    reports_expect_none();
}

int main(void) {
    const superslab_stats before = stats_start();
    reports_start();
    for (size_t alignment = 32; alignment <= 32768; alignment *= 2) {
        for (size_t size = alignment; size <= 65536 && size <= alignment * 8; size += alignment)
            run(alignment, size);
        stats_check_returned(&before);
    }
}
