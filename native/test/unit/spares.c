/* A class whose slabs run empty keeps a few of them; those go when trim is called, or when the system refuses memory
 * that another request needs. */
#include "block.h"
#include "check.h"
#include "stats.h"

enum { SIZE = 20000, COUNT = 2000, SPARES_MOST = 2, OWNED = 1 };

static void *blocks[COUNT];

static void burst(void) {
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(SIZE);
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
}

int main(void) {
    const superslab_stats before = stats_start();
    superslab_trim();
    const uint64_t slabs_before = stats_now().slab_count;

    for (int round = 0; round < 8; round++) {
        burst();
        const superslab_stats now = stats_now();
        /* Each block left in the thread's bin may keep one slab besides. */
        CHECK_GE(now.slab_count, slabs_before + 1);
        CHECK_LE(now.slab_count, slabs_before + now.cached_blocks + SPARES_MOST + OWNED);
        stats_check_returned(&before);
    }
    superslab_trim();
    CHECK_EQ(stats_now().slab_count, 0);
    stats_check_returned(&before);
}
