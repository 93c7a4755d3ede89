/* Every function of the API treats a guarded block as any other, with exactly the size that was asked for. */
#include "block.h"
#include "check.h"
#include "guard.h"
#include "report.h"
#include "stats.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void check_calloc(void) {
    for (;;) {
        uint8_t *block = superslab_calloc(10, 30);
        const bool guarded = guard_has(block);
        for (size_t i = 0; i < 300; i++)
            CHECK_EQ(block[i], 0);
        memset(block, 1, 300);
        if (guarded)
            CHECK_EQ(superslab_usable_size(block), 300);
        superslab_free(block);
        if (guarded)
            return;
    }
}

static void check_sizes(void) {
    static const size_t sizes[] = {1, 2, 15, 16, 17, 24, 255, 1000, 2048, 4000, 4095, 4096};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *block = guard_new(sizes[i]);
        CHECK_EQ((uintptr_t)block % BLOCK_ALIGNMENT, 0);
        CHECK_EQ(superslab_usable_size(block), sizes[i]);
        memset(block, 0xff, sizes[i]);
        CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
        CHECK_EQ(superslab_check_sized(block, sizes[i]), SUPERSLAB_OK);
        CHECK_EQ(superslab_check_sized(block, sizes[i] + 1), SUPERSLAB_ERROR_SIZE_MISMATCH);
        superslab_free_sized(block, sizes[i]);
        CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);
    }
}

static void check_alignments(void) {
    for (size_t alignment = 32; alignment <= 4096; alignment *= 2)
        for (size_t size = 1; size <= 4096; size = size * 7 + 90) {
            uint8_t *block = guard_new_aligned(alignment, size);
            CHECK_EQ((uintptr_t)block % alignment, 0);
            CHECK_EQ(superslab_usable_size(block), size);
            memset(block, 0xff, size);
            superslab_free_aligned_sized(block, alignment, size);
        }
}

static void check_realloc(void) {
    uint8_t *block = guard_new(100);
    for (unsigned i = 0; i < 100; i++)
        block[i] = (uint8_t)i;
    CHECK_EQ(superslab_realloc(block, 100), block);
    uint8_t *longer = superslab_realloc(block, 101);
    CHECK_NE(longer, block);
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(longer[i], i);
    superslab_free(longer);
    block = guard_new(100);
    memset(block, 7, 100);
    uint8_t *shorter = superslab_realloc(block, 60);
    CHECK_NE(shorter, block);
    for (unsigned i = 0; i < 60; i++)
        CHECK_EQ(shorter[i], 7);
    superslab_free(shorter);
    block = guard_new(100);
    errno = 0;
    CHECK_EQ(block_try_resize(block, PTRDIFF_MAX + (size_t)1), NULL);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    block = superslab_realloc(block, 0);
    CHECK(block != NULL);
    superslab_free(block);
}

/* A realloc that moves its block may get a guarded one. */
static void check_growth(void) {
    for (;;) {
        uint8_t *block = superslab_malloc(40), *larger;
        memset(block, 9, 40);
        larger = superslab_realloc(block, 3000);
        const bool found = guard_has(larger) && !guard_has(block);
        for (unsigned i = 0; i < 40; i++)
            CHECK_EQ(larger[i], 9);
        superslab_free(larger);
        if (found)
            return;
    }
}

static void check_inspection(void) {
    superslab_inspection found;
    uint8_t *block = guard_new_right(30); /* two bytes of its page are behind it */
    superslab_inspect((uintptr_t)block, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_LIVE);
    CHECK_EQ(found.block, (uintptr_t)block);
    CHECK_EQ(found.usable_size, 30);
    superslab_inspect((uintptr_t)block + 29, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_INSIDE);
    CHECK_EQ(found.block, (uintptr_t)block);
    const uintptr_t unused[] = {(uintptr_t)block + 30, (uintptr_t)block + 32, (uintptr_t)block - 1};
    for (unsigned i = 0; i < 3; i++) {
        superslab_inspect(unused[i], &found);
        CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_UNUSED);
        CHECK_EQ(superslab_check((void *)unused[i]), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    }
    CHECK_EQ(superslab_check(block + 1), SUPERSLAB_ERROR_INSIDE_BLOCK);
    superslab_free(block);
    superslab_inspect((uintptr_t)block + 29, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_FREE);
    CHECK_EQ(found.block, (uintptr_t)block);
}

typedef struct sum {
    uint64_t blocks, bytes;
    unsigned guarded;
} sum;

static int add(const superslab_inspection *block, void *context) {
    sum *all = context;
    if (block->kind != SUPERSLAB_ADDRESS_LIVE)
        return 0;
    all->blocks++;
    all->bytes += block->stride;
    all->guarded += guard_has((void *)block->block);
    return 0;
}

static void check_figures(void) {
    uint8_t *blocks[3];
    const superslab_stats before = stats_now();
    for (unsigned i = 0; i < 3; i++)
        blocks[i] = guard_new(50);
    const superslab_stats now = stats_now();
    CHECK_EQ(now.guard_rate, 100);
    CHECK_EQ(now.guarded_blocks, before.guarded_blocks + 3);
    CHECK_GE(now.guard_samples, before.guard_samples + 3);
    CHECK_EQ(now.live_blocks, before.live_blocks + 3);
    CHECK_EQ(now.live_bytes, before.live_bytes + 3 * (uint64_t)sysconf(_SC_PAGESIZE));
    sum all = {0, 0, 0};
    CHECK_EQ(superslab_visit(NULL, add, &all), 0);
    CHECK_EQ(all.blocks, now.live_blocks);
    CHECK_EQ(all.bytes, now.live_bytes);
    CHECK_EQ(all.guarded, now.guarded_blocks);
    sum alone = {0, 0, 0};
    CHECK_EQ(superslab_visit(blocks[0], add, &alone), 0);
    CHECK_EQ(alone.blocks, now.guarded_blocks);
    for (unsigned i = 0; i < 3; i++)
        superslab_free(blocks[i]);
    stats_check_returned(&before);
}

static void check_errors(void) {
    uint8_t *block = guard_new_left(48);
    reports_start();
    superslab_free(block + 16);
    reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + 16);
    superslab_free_sized(block, 47);
    reports_expect(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
    guard_write(block + 48);
    superslab_free(block);
    reports_expect(SUPERSLAB_ERROR_OVERFLOW, block + 48);
    superslab_free(block);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    errno = 0;
    CHECK_EQ(superslab_realloc(block, 10), NULL);
    CHECK_EQ(errno, EINVAL);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    CHECK_EQ(superslab_usable_size(block), 0);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
}

int main(void) {
    guard_begin(100);
    check_calloc();
    check_sizes();
    check_alignments();
    check_realloc();
    check_growth();
    check_inspection();
    check_figures();
    check_errors();
}
