/* The trailer of a block tells the size of the request, and that bytes behind it were written. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"

#include <string.h>

static const size_t sizes[] = {1,   8,   12,  13,   14,   15,   16,   24,   28,    29,    100,
                               112, 128, 255, 1000, 2044, 2045, 2048, 4096, 10000, 40000, 65000};

/* The report is of the first byte that was written. */
static void overflow_is_reported(const char *block, size_t size) {
    reports_expect(SUPERSLAB_ERROR_OVERFLOW, block + size);
}

static void byte_behind(char *volatile block, size_t size) {
    block[size] ^= 'A';
    superslab_free(block);
    overflow_is_reported(block, size);
    CHECK(superslab_realloc(block, size + 1) == NULL);
    overflow_is_reported(block, size);
    block[size] ^= 'A'; /* the block was left live */
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    superslab_free(block);
    reports_expect_none();
}

static void byte_behind_small(size_t size) {
    char *volatile block = block_new(size);
    block[size] ^= 'A';
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_OVERFLOW);
    block[size] ^= 'A';
    byte_behind(block, size);
}

/* Large blocks have a canary up to the end of their last page. */
static void byte_behind_large(size_t size) {
    byte_behind(block_new(size), size);
    char *block = block_resize(block_new(size / 2), size);
    CHECK_EQ(superslab_usable_size(block), size);
    byte_behind(block, size);
}

static void byte_behind_aligned(size_t alignment, size_t size) {
    byte_behind(block_new_aligned(alignment, size), size);
    void *block = block_new_aligned(alignment, size);
    CHECK_EQ(superslab_usable_size(block), size);
    superslab_free(block);
}

static void usable_is_what_was_asked(size_t size) {
    char *block = block_new(size);
    CHECK_EQ(superslab_usable_size(block), size);
    memset(block, 'x', size);
    const size_t half = size - size / 4;
    block = superslab_realloc(block, half);
    CHECK_EQ(superslab_usable_size(block), half);
    for (size_t i = 0; i < half; i++)
        CHECK_EQ(block[i], 'x');
    block = superslab_realloc(block, size);
    CHECK_EQ(superslab_usable_size(block), size);
    for (size_t i = 0; i < half; i++)
        CHECK_EQ(block[i], 'x');
    superslab_free_sized(block, size + 1);
    reports_expect(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
    superslab_free_sized(block, size);
    reports_expect_none();
}

static void wrong_size(void *block, size_t size, size_t alignment) {
    static const size_t others[] = {0, 1, 4096, SIZE_MAX - 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const size_t other = others[i] < 4096 ? size - 1 + 2 * others[i] : others[i];
        CHECK_EQ(superslab_check_sized(block, other), SUPERSLAB_ERROR_SIZE_MISMATCH);
        superslab_free_aligned_sized(block, alignment, other);
        reports_expect(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
    }
    superslab_free_aligned_sized(block, alignment, size);
    reports_expect_none();
}

/* A sized free gives the size of the request. */
static void wrong_sizes(void) {
    for (size_t size = 5; size < 1 << 20; size = size * 5 + 3) {
        wrong_size(block_new(size), size, 1);
        wrong_size(block_new_aligned(64, size), size, 64);
        wrong_size(block_resize(block_new(size), size + 1), size + 1, 1);
    }
}

/* Two blocks of one size have different trailers: one cannot be copied behind the other. */
static void trailers_differ(size_t size) {
    char *one = block_new(size), *other = block_new(size), kept[1];
    memcpy(kept, other + size, sizeof kept);
    memcpy(other + size, one + size, sizeof kept);
    superslab_free(other);
    overflow_is_reported(other, size);
    memcpy(other + size, kept, sizeof kept);
    superslab_free(other);
    superslab_free(one);
    reports_expect_none();
}

int main(void) {
    superslab_free(block_new(1));
    reports_start();
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        byte_behind_small(sizes[i]);
        usable_is_what_was_asked(sizes[i]);
    }
    for (size_t size = 65549; size < 8 << 20; size = size * 3 + 1)
        byte_behind_large(size);
    for (size_t alignment = 32; alignment <= 1 << 17; alignment *= 4)
        for (size_t size = 1; size < 1 << 20; size = size * 7 + 2)
            if (size % 4096 != 0)
                byte_behind_aligned(alignment, size);
    wrong_sizes();
    trailers_differ(21);
    trailers_differ(1005);
    stats_check_returned(&before);
}
