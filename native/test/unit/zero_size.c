/* A request of 0 bytes is a block like any other: unique, aligned, freed once, told by all functions. It has no bytes:
 * one that is read or written faults, and many of them cost only their bits. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "extent.h"
#include "stats.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1200, WAYS = 8, MANY = 1 << 20 };

static void *in_some_way(size_t i) {
    switch (i % WAYS) {
    case 0:
        return block_new(0);
    case 1:
        return block_new_zeroed(0, 8);
    case 2:
        return block_new_zeroed(8, 0);
    case 3:
        return block_resize(NULL, 0);
    case 4:
        return block_resize(block_new(100), 0);
    case 5:
        return block_resize(block_new(10), 0); /* of the smallest class */
    case 6:
        return block_resize(block_new(1 << 20), 0);
    default:
        return block_new_aligned((size_t)1 << (i / WAYS % 17), 0);
    }
}

/* ---- access ---- */

static void read_it(void *block) {
    (void)*(volatile char *)block;
}

static void write_it(void *block) {
    *(volatile char *)block = 1;
}

static void must_fault(void (*access)(void *block), void *block) {
    const child_result result = child_run(access, block);
    CHECK_THAT(result.signal == SIGSEGV || result.signal == SIGBUS ||
                   (CHECK_SANITIZED && result.code != 0),
               "signal %d, exit code %d", result.signal, result.code);
}

static void no_access(void *block) {
    must_fault(read_it, block);
    must_fault(write_it, block);
    must_fault(read_it, (char *)block + 15);
    must_fault(write_it, (char *)block - 1);
}

/* ---- what is told of one ---- */

static void told(void *block) {
    superslab_inspection found;
    CHECK_EQ(superslab_usable_size(block), 0);
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    CHECK_EQ(superslab_check((char *)block + 1), SUPERSLAB_ERROR_INSIDE_BLOCK);
    CHECK_EQ(superslab_check_sized(block, 0), SUPERSLAB_OK);
    CHECK_EQ(superslab_check_sized(block, 1), SUPERSLAB_ERROR_SIZE_MISMATCH);
    superslab_inspect((uintptr_t)block, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_LIVE);
    CHECK_EQ(found.block, (uintptr_t)block);
    CHECK_EQ(found.usable_size, 0);
    CHECK_EQ(found.stride, 0);
    CHECK_EQ(found.slab, 0);
    superslab_inspect((uintptr_t)block + 9, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_INSIDE);
    CHECK_EQ(found.block, (uintptr_t)block);
}

static void told_when_freed(void *block) {
    superslab_inspection found;
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);
    superslab_inspect((uintptr_t)block, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_FREE);
    superslab_inspect((uintptr_t)block + (1 << 20), &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_UNUSED);
    CHECK_EQ(superslab_check((char *)block + (1 << 20)), SUPERSLAB_ERROR_UNKNOWN_POINTER);
}

typedef struct visited {
    void *const *blocks;
    size_t found, others;
} visited;

static int visit(const superslab_inspection *block, void *context) {
    visited *seen = context;
    size_t i = 0;
    while (i < COUNT && (uintptr_t)seen->blocks[i] != block->block)
        i++;
    if (i < COUNT) {
        CHECK_EQ(block->kind, SUPERSLAB_ADDRESS_LIVE);
        CHECK_EQ(block->usable_size, 0);
    }
    seen->found += i < COUNT;
    seen->others += i == COUNT;
    return 0;
}

static void visited_once(void *const *blocks) {
    visited all = {blocks, 0, 0}, among = {blocks, 0, 0};
    CHECK_EQ(superslab_visit(NULL, visit, &all), 0);
    CHECK_EQ(all.found, COUNT);
    CHECK_EQ(superslab_visit(blocks[0], visit, &among), 0);
    CHECK_EQ(among.found, COUNT);
    CHECK_EQ(among.others, 0);
}

/* ---- growing ---- */

static void grows(void) {
    for (size_t size = 1; size < 4 << 20; size = size * 5 + 1) {
        char *block = block_resize(block_new(0), size);
        CHECK_GE(superslab_usable_size(block), size);
        memset(block, 1, size);
        void *empty = block_resize(block, 0);
        CHECK_EQ(superslab_usable_size(empty), 0);
        CHECK_EQ((uintptr_t)block_resize(empty, 0), (uintptr_t)empty);
        superslab_free_sized(empty, 0);
    }
    superslab_free_aligned_sized(block_new_aligned(4096, 0), 4096, 0);
    errno = 0;
    void *empty = block_new(0);
    volatile size_t absurd = SIZE_MAX;
    CHECK(superslab_realloc(empty, absurd) == NULL);
    CHECK_EQ(errno, ENOMEM);
    superslab_free(empty);
}

/* ---- many ---- */

/* A million of them: 16 MiB of addresses, and a bit each. */
static void many(void) {
    static void *blocks[MANY];
    const superslab_stats before = stats_now();
    for (size_t i = 0; i < MANY; i++)
        CHECK((blocks[i] = superslab_malloc(0)) != NULL);
    const superslab_stats now = stats_now();
    CHECK_EQ(now.live_blocks, before.live_blocks + MANY);
    CHECK_EQ(now.live_bytes, before.live_bytes);
    CHECK_EQ(now.committed_bytes, before.committed_bytes);
    CHECK_LE(now.metadata_bytes, before.metadata_bytes + (512 << 10));
    for (size_t i = 0; i < MANY; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks);
    /* And again: the bits are used again. */
    for (size_t i = 0; i < MANY; i++)
        CHECK((blocks[i] = superslab_malloc(0)) != NULL);
    CHECK_LE(stats_now().metadata_bytes, now.metadata_bytes + (64 << 10));
    for (size_t i = 0; i < MANY; i++)
        superslab_free(blocks[i]);
}

/* One that was freed is handed out again late: a second free is noticed for long. */
static void late(void) {
    void *freed = block_new(0);
    superslab_free(freed);
    for (size_t i = 0; i < 1000; i++) {
        void *block = block_new(0);
        CHECK_NE((uintptr_t)block, (uintptr_t)freed);
        superslab_free(block);
    }
    CHECK_EQ(superslab_check(freed), SUPERSLAB_ERROR_DOUBLE_FREE);
}

/* Leaves blocks in all bins that might serve such a request if it were one of a byte. */
static void bins_fill(void) {
    for (size_t alignment = 1; alignment <= 1 << 16; alignment *= 2)
        superslab_free(block_new_aligned(alignment, 1));
}

int main(void) {
    const superslab_stats before = stats_start();
    void *blocks[COUNT];
    bins_fill();
    extent extents[COUNT];
    CHECK_EQ(superslab_good_size(0), 0);
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = in_some_way(i);
        CHECK_EQ(superslab_usable_size(blocks[i]), 0);
        extents[i] = (extent){(uintptr_t)blocks[i], 16};
    }
    extents_check_disjoint(extents, COUNT);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + COUNT);
    CHECK_EQ(stats_now().live_bytes, before.live_bytes);
    told(blocks[0]);
    visited_once(blocks);
    no_access(blocks[0]);
    no_access(blocks[COUNT - 1]);
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    told_when_freed(blocks[COUNT - 1]);
    grows();
    late();
    many();
    stats_check_returned(&before);
}
