/* A thread keeps the spans of large blocks that it freed last for its next requests: they are cached, not live, a
 * second free of one is noticed, and they go back before fresh memory is touched. */
#include "block.h"
#include "check.h"
#include "membarrier.h"
#include "report.h"
#include "stats.h"

enum { SIZE = 1 << 20, PAIRS = 5000, MANY = 40, KEPT_MOST = 8 << 20 };

static superslab_stats before;

/* Frees one block often enough for the thread to have a cache: the block is in it then. */
static void *cached_block(size_t size) {
    for (unsigned i = 0; i < PAIRS; i++) {
        void *block = block_new(size);
        superslab_free(block);
        if (stats_now().cached_bytes >= size)
            return block;
    }
    CHECK(!"the thread has no cache after all these");
    return NULL;
}

static superslab_address_kind kind_at(const void *address) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)address, &found);
    return found.kind;
}

static void is_no_longer_live(void) {
    char *block = cached_block(SIZE);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().cached_blocks, before.cached_blocks + 1);
    CHECK_EQ(stats_now().cached_bytes, before.cached_bytes + SIZE);
    CHECK_EQ(kind_at(block), SUPERSLAB_ADDRESS_CACHED);
    CHECK_EQ(kind_at(block + SIZE / 2), SUPERSLAB_ADDRESS_CACHED);
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);
    superslab_free(block);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    superslab_free(block + SIZE / 2);
    reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + SIZE / 2);
    CHECK_EQ(superslab_usable_size(block), 0);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    stats_check_returned(&before);

    CHECK_EQ(block_new(SIZE), block);
    CHECK_EQ(kind_at(block), SUPERSLAB_ADDRESS_LIVE);
    stats_check_live(&before, 1, SIZE);
    superslab_free(block);
    for (size_t i = 0; i < SIZE; i++)
        block[i] = 1; /* as a stray write does */
    block = block_new_zeroed(1, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        CHECK_EQ(block[i], 0);
    superslab_free(block);
}

static void has_a_bound(void) {
    void *blocks[MANY];
    for (size_t size = SIZE; size <= 4 * SIZE; size += SIZE)
        cached_block(size);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            blocks[i] = block_new((1 + i % 4) * (size_t)SIZE);
        for (size_t i = 0; i < MANY; i++)
            superslab_free(blocks[i]);
        stats_check_returned(&before);
        CHECK_LE(stats_now().cached_bytes, before.cached_bytes + KEPT_MOST);
    }
}

static void goes_back(void) {
    cached_block(SIZE);
    superslab_trim();
    CHECK_EQ(stats_now().cached_blocks, 0);
    CHECK_EQ(stats_now().dirty_bytes, 0);

    /* No other free memory fits a longer block, so it would touch fresh memory. */
    cached_block(SIZE);
    void *longer = block_new(2 * SIZE);
    CHECK_EQ(stats_now().cached_bytes, before.cached_bytes);
    superslab_free(longer);
    superslab_trim();

    /* A block grows into what follows it. */
    char *first = block_new(SIZE);
    CHECK_EQ((char *)cached_block(SIZE / 2), first + SIZE);
    CHECK_EQ(block_resize(first, SIZE + SIZE / 2), first);
    superslab_free(first);
    stats_check_returned(&before);
}

int main(void) {
    if (CHECK_HARDENED)
        check_skip("hardened: the span that was freed last is not the next one; hardened/reuse "
                   "tests that");
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads have no large caches");
    before = stats_start();
    superslab_trim();
    before = stats_now();
    reports_start();
    is_no_longer_live();
    goes_back();
    has_a_bound();
    reports_expect_none();
}
