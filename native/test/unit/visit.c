/* superslab_visit finds each block once, live, cached or free: as many and as large as the statistics say, and the live
 * ones are those that the test holds. In regions and windows too. */
#include "block.h"
#include "check.h"
#include "isolate.h"
#include "rng.h"
#include "stats.h"
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { COUNT = 20000, REGION = 8 << 20, GRANULE = 64 << 10, WINDOW = 16 << 20 };

static void **blocks;
static bool *seen;

/* ---- what a walk found ---- */

typedef struct found {
    uint64_t count[3], bytes[3]; /* live, cached, free */
    uintptr_t last;              /* the block before; addresses ascend within a space */
    bool of_one_space;
} found;

static int by_address(const void *a, const void *b) {
    const uintptr_t left = (uintptr_t) * (void *const *)a, right = (uintptr_t) * (void *const *)b;
    return left < right ? -1 : left > right;
}

static int count(const superslab_inspection *block, void *context) {
    found *all = context;
    CHECK_LE(block->kind, SUPERSLAB_ADDRESS_FREE);
    const unsigned kind = block->kind == SUPERSLAB_ADDRESS_LIVE     ? 0
                          : block->kind == SUPERSLAB_ADDRESS_CACHED ? 1
                                                                    : 2;
    CHECK_NE(block->kind, SUPERSLAB_ADDRESS_INSIDE);
    CHECK(!all->of_one_space || block->block > all->last);
    CHECK_LE(block->usable_size, block->stride);
    CHECK_LE(block->slab, block->block);
    all->last = block->block;
    all->count[kind]++;
    all->bytes[kind] += block->stride;
    return 0;
}

static found walked(const void *within) {
    found all = {.of_one_space = within != NULL};
    CHECK_EQ(superslab_visit(within, count, &all), 0);
    return all;
}

static void agrees_with_statistics(void) {
    const superslab_stats now = stats_now();
    const found all = walked(NULL);
    CHECK_EQ(all.count[0], now.live_blocks);
    CHECK_EQ(all.bytes[0], now.live_bytes);
    CHECK_EQ(all.count[1], now.cached_blocks);
    CHECK_EQ(all.bytes[1], now.cached_bytes);
    /* The rest of a slab, too short for a block, belongs to none. */
    CHECK_LE(all.bytes[2], now.slab_free_bytes);
    CHECK_LE(now.slab_free_bytes - all.bytes[2], now.slab_bytes / 8);
}

/* ---- what the test holds ---- */

static int is_held(const superslab_inspection *block, void *context) {
    (void)context;
    if (block->kind != SUPERSLAB_ADDRESS_LIVE)
        return 0;
    void *key = (void *)block->block;
    void **at = bsearch(&key, blocks, COUNT, sizeof *blocks, by_address);
    CHECK_THAT(at != NULL, "%p", key);
    CHECK_THAT(!seen[at - blocks], "%p is visited twice", key);
    seen[at - blocks] = true;
    CHECK_EQ(block->usable_size, superslab_usable_size(key));
    superslab_inspection same;
    superslab_inspect(block->block, &same);
    CHECK_EQ(same.kind, block->kind);
    CHECK_EQ(same.block, block->block);
    CHECK_EQ(same.usable_size, block->usable_size);
    CHECK_EQ(same.stride, block->stride);
    CHECK_EQ(same.slab, block->slab);
    return 0;
}

static void finds_each_held(void) {
    memset(seen, 0, COUNT * sizeof *seen);
    CHECK_EQ(superslab_visit(NULL, is_held, NULL), 0);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_THAT(seen[i], "block %zu at %p is not visited", i, blocks[i]);
}

static size_t any_size(rng *random, size_t i) {
    return i % 200 == 0 ? 65536 + rng_below(random, 300000) : rng_log_size(random, 65536);
}

static void *any_block(rng *random, size_t i) {
    void *block = i % 9 == 0 ? block_new_aligned((size_t)32 << i % 8, any_size(random, i))
                             : block_new(any_size(random, i));
    memset(block, 0x80 + (int)(i % 64), superslab_usable_size(block)); /* like headers */
    return block;
}

static void of_malloc(void) {
    rng random = {7};
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = any_block(&random, i);
    agrees_with_statistics();
    qsort(blocks, COUNT, sizeof *blocks, by_address);
    finds_each_held();
    /* Freed and allocated in between: slabs with blocks of all three kinds, over memory that was used before. */
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = round; i < COUNT; i += 3)
            superslab_free(blocks[i]);
        agrees_with_statistics();
        for (size_t i = round; i < COUNT; i += 3)
            blocks[i] = any_block(&random, COUNT - i);
        qsort(blocks, COUNT, sizeof *blocks, by_address);
        agrees_with_statistics();
        finds_each_held();
    }
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    agrees_with_statistics();
    superslab_trim();
    agrees_with_statistics();
    CHECK_EQ(walked(NULL).count[0], 0);
}

/* Blocks in a bin that were never handed out, in memory whose bytes are the header of their class. */
static void of_used_memory(void) {
    enum { BEFORE = 2000, SIZE = 2400 };
    blocks_leave_headers(SIZE, BEFORE, blocks, COUNT);
    const uint64_t cached = stats_now().cached_blocks;
    void *block = block_new(SIZE);
    CHECK_GT(stats_now().cached_blocks, cached);
    agrees_with_statistics();
    CHECK_EQ(walked(NULL).count[0], 1);
    superslab_free(block);
}

/* ---- results and errors ---- */

static int stop_at(const superslab_inspection *block, void *context) {
    (void)block;
    return --*(int *)context;
}

static int allocate(const superslab_inspection *block, void *context) {
    (void)block;
    (void)context;
    superslab_free(block_new(100));
    superslab_free(block_new(100000));
    return 0;
}

static void results(void) {
    void *block = block_new(1000);
    int left = 3;
    CHECK_EQ(superslab_visit(NULL, stop_at, &left), 2);
    CHECK_EQ(left, 2);
    CHECK_EQ(superslab_visit(NULL, allocate, NULL), 0);
    errno = 0;
    CHECK_EQ(superslab_visit(NULL, NULL, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(superslab_visit(&left, count, NULL), -1);
    CHECK_EQ(errno, EFAULT);
    /* One space alone: that of headed blocks has no large one. */
    void *large = block_new(200000);
    CHECK_EQ(walked(block).count[0], 1);
    CHECK_EQ(walked(large).count[0], 1);
    CHECK_EQ(walked(large).bytes[0], 4 * GRANULE);
    superslab_free(large);
    superslab_free(block);
}

/* ---- regions and windows ---- */

static void of_a_region(void) {
    char *memory = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt(memory, REGION, REGION);
    uint32_t offsets[100], large;
    CHECK_EQ(superslab_region_take(region, 500, offsets, 100), 100);
    CHECK_EQ(superslab_region_take(region, 100000, &large, 1), 1);
    found all = walked(memory);
    CHECK_EQ(all.count[0], 101);
    CHECK_EQ(all.bytes[0], 100 * 512 + 2 * GRANULE);
    CHECK_EQ(all.count[1], 0);
    CHECK_EQ(all.count[2], GRANULE / 512 - 100);
    agrees_with_statistics();
    CHECK_EQ(superslab_region_give(region, offsets, 50), 50);
    CHECK_EQ(superslab_region_give(region, &large, 1), 1);
    all = walked(memory + REGION - 1);
    CHECK_EQ(all.count[0], 50);
    CHECK_EQ(all.count[2], GRANULE / 512 - 50);
    superslab_region_retire(region);
    CHECK_EQ(superslab_visit(memory, count, &all), -1);
    CHECK_EQ(munmap(memory, REGION), 0);
}

static void of_a_window(void) {
    static isolate one;
    window_memory memory = window_map(WINDOW);
    CHECK(isolate_join(&one, &memory));
    uint32_t held[64];
    for (unsigned i = 0; i < 64; i++)
        CHECK_NE(held[i] = isolate_malloc(&one, i % 16 == 0 ? 100000 : 16 + i * 40), ISOLATE_NONE);
    for (unsigned i = 0; i < 64; i += 2)
        CHECK_EQ(isolate_free(&one, held[i]), SUPERSLAB_OK);
    ss_api_window_stats now;
    ss_api_own()->window_stats(one.holder, &now);
    const found all = walked(memory.base);
    CHECK_EQ(all.count[0], 32);
    CHECK_EQ(all.count[0], now.live_blocks);
    CHECK_EQ(all.bytes[0], now.live_bytes);
    CHECK_EQ(all.count[1], now.cached_blocks);
    CHECK_EQ(all.bytes[1], now.cached_bytes);
    CHECK_GT(all.count[1], 0);
    CHECK_GT(all.count[2], 0);
    agrees_with_statistics();
    isolate_leave(&one);
    window_unmap(&memory);
}

int main(void) {
    /* No background thread, which would give back from the bins between two readings. */
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0);
    blocks = table_new(COUNT, sizeof *blocks);
    seen = table_new(COUNT, sizeof *seen);
    of_malloc();
    of_used_memory();
    results();
    of_a_region();
    of_a_window();
}
