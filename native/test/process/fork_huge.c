/* fork while other threads back their memory with huge pages. The child finds all of it whole. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "stats.h"
#include "team.h"

#include "space/registry.h"
#include "space/runs.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WORKERS = 2, CHILDREN = CHECK_SCALED(40), BYTES = 4000, COUNT = 6000, IN_CHILD = 2000 };

static atomic_bool finished;
static void *blocks[WORKERS][COUNT];

static void work(unsigned index, void *context) {
    (void)context;
    void **mine = blocks[index];
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        for (size_t i = 0; i < COUNT; i++)
            mine[i] = block_new(BYTES);
        for (size_t i = 0; i < COUNT; i++)
            superslab_free(mine[i]);
        superslab_trim(); /* clean again, so that the next round fills */
    }
}

/* Each granule of the first space belongs to a free run or to a slab. */
static void check_none_lost(void) {
    ss_space *space = ss_space_seen(0);
    const uint32_t end = ss_space_end_inherited(space);
    for (uint32_t at = 0, length; at < end; at += length == 0 ? 1 : length)
        if ((length = ss_run_length(space, at)) == 0)
            CHECK_THAT(ss_entry_kind_of(ss_entry_get(space, at)) == SS_ENTRY_SLAB, "granule %u",
                       (unsigned)at);
}

static void child_main(void *number) {
    static void *held[IN_CHILD];
    const superslab_stats before = stats_now();
    stats_check_consistent(&before);
    check_none_lost();
    for (size_t i = 0; i < IN_CHILD; i++)
        pattern_fill(held[i] = block_new(BYTES), BYTES, i + (uintptr_t)number);
    for (size_t i = 0; i < IN_CHILD; i++) {
        CHECK_THAT(pattern_intact(held[i], BYTES, i + (uintptr_t)number), "block %zu", i);
        superslab_free(held[i]);
    }
    superslab_trim();
    stats_check_returned(&before);
}

int main(void) {
    if (CHECK_HARDENED)
        check_skip("hardened, memory is opened span by span, and no huge page is used");
    setenv("SUPERSLAB_DECAY", "-1", 1);
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, WORKERS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
