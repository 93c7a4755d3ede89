/* Frees by another thread against the owner's refills, as often as possible: few blocks per slab, so that both
 * work on the same words all the time. A lost block shows in the statistics, one handed out twice in its
 * first word. */
#include "block.h"
#include "check.h"
#include "queue.h"
#include "stats.h"
#include "team.h"

enum { PAIRS = 2, BLOCKS = CHECK_SCALED(400000) };

static queue queues[PAIRS];
static size_t size;

static void work(unsigned index, void *context) {
    (void)context;
    queue *q = &queues[index / 2];
    for (uintptr_t i = 0; i < BLOCKS; i++) {
        if (index % 2 == 0) {
            uintptr_t *block = block_new(size);
            *block = i ^ (uintptr_t)block;
            queue_put(q, block);
        } else {
            uintptr_t *block = queue_take(q);
            CHECK_EQ(*block ^ (uintptr_t)block, i);
            *block = 0;
            superslab_free(block);
        }
    }
}

int main(void) {
    static const size_t sizes[] = {60000, 20000, 5000, 64};
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size = sizes[i];
        team_run(2 * PAIRS, work, NULL);
        stats_check_returned(&before);
    }
}
