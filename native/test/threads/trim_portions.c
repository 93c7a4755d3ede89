/* A trim parks many threads at once, and a thread that wakes meanwhile waits until its bins are flushed. So the threads
 * go on after a portion of the work, and the next portion takes another barrier. */
#include "background/park.h"
#include "check.h"
#include "membarrier.h"
#include "sleepers.h"
#include "table.h"
#include "team.h"

#include <stdlib.h>

/* As many threads as one batch may close. Portions end by the clock, so how many there are depends on the machine: it
 * would have to flush all these bins within 100 us to need only one. */
enum { SLEEPERS = 64, BLOCKS = 12000, BYTES_MAX = 4000, PORTIONS_MIN = 2 };

static sleepers all = SLEEPERS_NONE;
static void **blocks[SLEEPERS];

/* Leaves its bins full, of all sizes. */
static void work(unsigned index, void *context) {
    (void)context;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[index][i] = superslab_malloc(1 + i * 7 % BYTES_MAX);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[index][i]);
    sleepers_sleep(&all, 1);
}

int main(void) {
    team workers;
    superslab_stats before, after;
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0); /* nothing but the trim flushes */
    if (!membarrier_available())
        check_skip("the system has no private expedited membarrier");
    for (unsigned i = 0; i < SLEEPERS; i++)
        blocks[i] = table_new(BLOCKS, sizeof *blocks[i]);
    team_start(&workers, SLEEPERS, work, NULL);
    sleepers_await(&all, SLEEPERS);
    superslab_get_stats(&before);
    const uint32_t portions = atomic_load(&ss_flushes);
    superslab_trim();
    CHECK_GE((atomic_load(&ss_flushes) - portions) / 2, PORTIONS_MIN);
    superslab_get_stats(&after);
    CHECK_GT(before.cached_blocks, 0);
    CHECK_EQ(after.cached_blocks, 0);
    CHECK_EQ(after.live_blocks, before.live_blocks);
    CHECK_EQ(atomic_load(&ss_signals->bins_bytes), 0);
    sleepers_wake(&all);
    team_join(&workers);
}
