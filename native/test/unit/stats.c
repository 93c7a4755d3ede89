/* The statistics are exact to the byte. */
#include "stats.h"

#include "block.h"
#include "check.h"
#include "table.h"

enum { COUNT = 5000 };

static void **blocks;

static size_t size_of(size_t i) {
    switch (i % 5) {
    case 0:
        return 16 + i % 200;
    case 1:
        return i % 1024;
    case 2:
        return 1024 + i;
    case 3:
        return 20000 + i;
    default:
        return i % 40 == 4 ? 100000 + 100 * i : 64;
    }
}

static void *any(size_t i) {
    if (i % 11 == 0)
        return block_new_aligned((size_t)16 << i % 9, size_of(i));
    if (i % 7 == 0)
        return block_new_zeroed(1, size_of(i));
    return block_new(size_of(i));
}

int main(void) {
    blocks = table_new(COUNT, sizeof *blocks);
    const superslab_stats before = stats_start();
    stats_check_consistent(&before);
    CHECK_EQ(before.live_blocks, 0);
    CHECK_EQ(before.live_bytes, 0);
    CHECK_EQ(before.thread_count, 1);
    CHECK_GT(before.metadata_bytes, 0);
    CHECK_GT(before.reserved_bytes, 0);

    uint64_t bytes = 0;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = any(i);
        bytes += block_stride(blocks[i]);
        if (i % 100 == 0)
            stats_check_live(&before, i + 1, bytes);
    }
    stats_check_live(&before, COUNT, bytes);
    for (size_t i = 0; i < COUNT; i++) {
        bytes -= block_stride(blocks[i]);
        superslab_free(blocks[i]);
        if (i % 100 == 0)
            stats_check_live(&before, COUNT - 1 - i, bytes);
    }
    stats_check_returned(&before);
    /* Except those in large caches. */
    CHECK_LE(stats_now().large_bytes, before.large_bytes + stats_now().cached_bytes);

    const superslab_stats full = stats_now();
    const size_t given_back = superslab_trim();
    const superslab_stats trimmed = stats_now();
    stats_check_returned(&before);
    CHECK_GT(given_back, 0);
    CHECK_GE(trimmed.given_back_bytes, full.given_back_bytes + given_back);
    CHECK_EQ(trimmed.cached_blocks, 0);
    CHECK_LE(trimmed.dirty_bytes, full.dirty_bytes + full.slab_bytes);
    CHECK_LE(trimmed.slab_bytes, full.slab_bytes);
    CHECK_EQ(trimmed.guarded_reads, before.guarded_reads);
    CHECK_EQ(trimmed.foreign_frees, before.foreign_frees);
}
