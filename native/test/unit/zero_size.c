/* A request of 0 bytes is a block like any other: unique, aligned, freed once. */
#include "block.h"
#include "check.h"
#include "extent.h"
#include "stats.h"

enum { COUNT = 1000 };

int main(void) {
    const superslab_stats before = stats_start();
    void *blocks[COUNT];
    extent extents[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        switch (i % 6) {
        case 0:
            blocks[i] = block_new(0);
            break;
        case 1:
            blocks[i] = block_new_zeroed(0, 8);
            break;
        case 2:
            blocks[i] = block_new_zeroed(8, 0);
            break;
        case 3:
            blocks[i] = block_resize(NULL, 0);
            break;
        case 4:
            blocks[i] = block_resize(block_new(100), 0);
            break;
        default:
            blocks[i] = block_new_aligned(64, 0);
            break;
        }
        extents[i] = (extent){(uintptr_t)blocks[i], 1};
    }
    extents_check_disjoint(extents, COUNT);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + COUNT);
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    stats_check_returned(&before);
}
