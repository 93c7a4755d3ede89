#include "stats.h"

#include "block.h"
#include "check.h"

superslab_stats stats_now(void) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    return stats;
}

superslab_stats stats_start(void) {
    superslab_free(block_new(1));
    return stats_now();
}

void stats_check_consistent(const superslab_stats *stats) {
    CHECK_EQ(stats->live_bytes + stats->cached_bytes + stats->slab_free_bytes,
             stats->slab_bytes + stats->large_bytes);
    CHECK_GE(stats->live_bytes + stats->cached_bytes, stats->large_bytes);
    CHECK_GE(stats->reserved_bytes, stats->committed_bytes);
    CHECK_GE(stats->committed_bytes, stats->slab_bytes + stats->large_bytes);
    CHECK((stats->slab_bytes == 0) == (stats->slab_count == 0));
    CHECK((stats->cached_bytes == 0) == (stats->cached_blocks == 0));
}

void stats_check_live(const superslab_stats *before, uint64_t blocks, uint64_t bytes) {
    const superslab_stats now = stats_now();
    CHECK_EQ(now.live_blocks, before->live_blocks + blocks);
    CHECK_EQ(now.live_bytes, before->live_bytes + bytes);
    stats_check_consistent(&now);
}

void stats_check_returned(const superslab_stats *before) {
    stats_check_live(before, 0, 0);
}
