/* The trailer of a block tells the size of the request, and that bytes behind it were written. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"

#include <string.h>

static const size_t sizes[] = {1,   8,   12,  13,   14,   15,   16,   24,   28,    29,    100,
                               112, 128, 255, 1000, 2044, 2045, 2048, 4096, 10000, 40000, 65000};

/* The report is of the first byte that was written, or of the block where the code was written over: then the request's
 * size is lost. */
static void overflow_is_reported(const char *block, size_t size, size_t at) {
    const uintptr_t pointer = reports_pointer();
    CHECK_THAT(pointer == (uintptr_t)block || pointer == (uintptr_t)block + size + at,
               "byte %zu behind %zu, reported %zu bytes from the start", at, size,
               (size_t)(pointer - (uintptr_t)block));
    reports_expect(SUPERSLAB_ERROR_OVERFLOW, (const void *)pointer);
}

static void every_byte_behind(size_t size) {
    enum {
        CHECKED = 3
    }; /* at least this many bytes lie between any request and the end of its block */
    for (size_t at = 0; at < CHECKED; at++) {
        char *volatile block = block_new(size);
        block[size + at] ^= 'A';
        CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_OVERFLOW);
        superslab_free(block);
        overflow_is_reported(block, size, at);
        CHECK(superslab_realloc(block, size + 1) == NULL);
        overflow_is_reported(block, size, at);
        block[size + at] ^= 'A'; /* the block was left live */
        CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
        superslab_free(block);
        reports_expect_none();
    }
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

/* Two blocks of one size have different trailers: one cannot be copied behind the other. */
static void trailers_differ(size_t size) {
    char *one = block_new(size), *other = block_new(size), kept[3];
    memcpy(kept, other + size, sizeof kept);
    memcpy(other + size, one + size, sizeof kept);
    superslab_free(other);
    overflow_is_reported(other, size, 0);
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
        every_byte_behind(sizes[i]);
        usable_is_what_was_asked(sizes[i]);
    }
    trailers_differ(21);
    trailers_differ(1005);
    stats_check_returned(&before);
}
