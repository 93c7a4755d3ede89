/* A block under test, with its size and tag. Its first and last byte hold the tag, written after the
 * allocation and compared before the free: an allocator that hands out overlapping blocks or writes into
 * live ones makes the run void. */
#ifndef BENCH_BLOCK_H
#define BENCH_BLOCK_H

#include "workload.h"

typedef struct bench_block {
    unsigned char *start; /* NULL: none */
    uint32_t size;
    uint32_t tag; /* the low byte is in memory */
} bench_block;

_Static_assert(sizeof(void *) != 8 || sizeof(bench_block) == 16,
               "four to a cache line: the bookkeeping must not push the blocks out of the cache");

#define BENCH_ERROR_MEMORY "an allocation failed"
#define BENCH_ERROR_CONTENTS "the contents of a live block changed"
#define BENCH_ERROR_BOOKKEEPING "no memory for the benchmark's own bookkeeping"

/* Writes both bytes, also of the smallest block; `false` when there is no memory. */
static inline bool bench_block_take(bench_block *block, const bench_allocator *allocator,
                                    size_t size, uint32_t tag) {
    unsigned char *start = allocator->malloc(size);
    if (start == NULL)
        return false;
    start[0] = (unsigned char)tag;
    start[size - 1] = (unsigned char)tag;
    block->start = start;
    block->size = (uint32_t)size;
    block->tag = tag;
    return true;
}

static inline bool bench_block_intact(const bench_block *block) {
    const unsigned char tag = (unsigned char)block->tag;
    return block->start[0] == tag && block->start[block->size - 1] == tag;
}

/* Frees the block in any case; `false` when its contents had changed. */
static inline bool bench_block_give(bench_block *block, const bench_allocator *allocator) {
    const bool intact = bench_block_intact(block);
    allocator->free(block->start);
    block->start = NULL;
    return intact;
}

/* Frees the live ones of the blocks; `false` when the contents of one had changed. */
static inline bool bench_blocks_give(bench_block *blocks, size_t count,
                                     const bench_allocator *allocator) {
    bool intact = true;
    for (size_t i = 0; i < count; i++)
        if (blocks[i].start != NULL)
            intact &= bench_block_give(&blocks[i], allocator);
    return intact;
}

/* Depends on the order: the same sizes in another order have another checksum. */
static inline uint64_t bench_checksum_add(uint64_t checksum, const bench_block *block) {
    return ((checksum << 1) | (checksum >> 63)) + block->size +
           ((uint64_t)(block->tag & 255) << 32);
}

#endif
