/* A freed large block waits in its thread's cache, and at level 2 cannot be accessed there: it is no longer live, a second
 * free of it is told wherever its span is, and the next block there can be used. The same without a cache, for a block
 * no cache takes, and for later frees of a thread, of which one in 64 is made inaccessible. */
#include "access.h"
#include "block.h"
#include "check.h"
#include "child.h"
#include "membarrier.h"
#include "report.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 20, HUGE_SIZE = 300 << 20, SHUT_FIRST = 4200, SHUT_ONE_IN = 64, TRIES = 400 };

static superslab_address_kind kind_at(const void *address) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)address, &found);
    return found.kind;
}

/* A second free, one of an address inside, and a realloc of a freed block. */
static void misuse_is_told(char *block) {
    superslab_free(block);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    superslab_free_sized(block, SIZE);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    CHECK(superslab_realloc(block, 2 * SIZE) == NULL);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    CHECK(superslab_realloc(block, 100) == NULL);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
    CHECK_EQ(superslab_usable_size(block), 0);
    reports_expect(SUPERSLAB_ERROR_DOUBLE_FREE, block);
}

static void is_cached(void) {
    const superslab_stats before = stats_now();
    char *block = block_new(SIZE);
    memset(block, 'x', SIZE);
    superslab_free(block);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().cached_bytes, before.cached_bytes + SIZE);
    CHECK_EQ(kind_at(block), SUPERSLAB_ADDRESS_CACHED);
    CHECK_EQ(kind_at(block + SIZE / 2), SUPERSLAB_ADDRESS_CACHED);
    misuse_is_told(block);
    superslab_free(block + SIZE / 2);
    reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + SIZE / 2);
    CHECK_EQ(is_readable(block), CHECK_HARDENED < 2);
    CHECK_EQ(is_readable(block + SIZE - 1), CHECK_HARDENED < 2);
    superslab_trim();
    CHECK_EQ(stats_now().cached_bytes, 0);
}

/* The span that came last stays in the cache; the one before it is taken. */
static void comes_back(void) {
    char *block = block_new(SIZE), *other = block_new(SIZE);
    memset(block, 'x', SIZE);
    superslab_free(block);
    superslab_free(other);
    char *again = block_new(SIZE);
    CHECK_EQ((uintptr_t)again, (uintptr_t)block);
    CHECK_EQ(kind_at(again), SUPERSLAB_ADDRESS_LIVE);
    for (size_t i = 0; i < SIZE && CHECK_HARDENED >= 2; i++)
        CHECK_EQ(again[i], 0);
    memset(again, 'y', SIZE);
    superslab_free(again);
    char *zeroed = block_new_zeroed(1, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        CHECK_EQ(zeroed[i], 0);
    superslab_free(zeroed);
    superslab_trim();
}

/* Copies and moves; the block before is no longer live afterwards. */
static void resizes(void) {
    static const size_t sizes[] = {SIZE, 3 * SIZE, 12 * SIZE, 2 * SIZE, 200, 9 * SIZE, 80000};
    char *block = block_new(sizes[0]);
    block[0] = 'a';
    block[99] = 'b';
    for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
        char *moved = block_resize(block, sizes[i]);
        CHECK(moved[0] == 'a' && moved[99] == 'b');
        memset(moved + 100, 'c', sizes[i] - 100);
        if (moved != block) {
            superslab_free(block);
            CHECK_EQ(reports_take(), 1);
        }
        block = moved;
    }
    superslab_free(block);
    superslab_trim();
}

/* No cache takes it. */
static void is_huge(void) {
    const superslab_stats before = stats_now();
    char *block = block_new(HUGE_SIZE);
    block[0] = block[HUGE_SIZE - 1] = 'x';
    superslab_free(block);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().cached_bytes, before.cached_bytes);
    if (CHECK_HARDENED >= 2) {
        CHECK(!is_readable(block));
        CHECK(!is_readable(block + HUGE_SIZE - 1));
    }
    /* Its granules may have gone back, and then nothing tells that a block was there. */
    superslab_free(block);
    reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER, block);
    block = block_new(HUGE_SIZE);
    block[0] = block[HUGE_SIZE - 1] = 'x';
    superslab_free(block);
    superslab_trim();
}

static void without_a_cache(void *context) {
    (void)context;
    CHECK_EQ(setenv("SUPERSLAB_LIMIT", "1G", 1), 0);
    superslab_free(block_new(1));
    reports_start();
    const superslab_stats before = stats_now();
    char *block = block_new(SIZE);
    superslab_free(block);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().cached_bytes, before.cached_bytes);
    CHECK_EQ(is_readable(block), CHECK_HARDENED < 2);
    misuse_is_told(block);
    resizes();
    reports_expect_none();
}

static void are_many(void) {
    unsigned closed = 0;
    for (unsigned i = 0; i < 2 * SHUT_FIRST; i++)
        superslab_free(block_new(SIZE));
    for (unsigned i = 0; i < TRIES; i++) {
        char *block = block_new(SIZE);
        block[0] = block[SIZE - 1] = 'x';
        superslab_free(block);
        closed += !is_readable(block);
    }
    if (CHECK_HARDENED >= 2)
        CHECK(closed >= TRIES / SHUT_ONE_IN && closed <= TRIES / SHUT_ONE_IN + 1);
    else
        CHECK_EQ(closed, 0);
}

int main(void) {
    const child_result result = child_run(without_a_cache, NULL);
    child_check_clean(&result);
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier: threads have no large caches");
    superslab_free(block_new(1));
    reports_start();
    const superslab_stats before = stats_start();
    is_cached();
    comes_back();
    resizes();
    is_huge();
    are_many();
    reports_expect_none();
    stats_check_returned(&before);
}
