/* realloc of NULL allocates; a size of 0 leaves a block; errno stays as it was on success of free. */
#include "block.h"
#include "check.h"
#include "stats.h"

#include <errno.h>

int main(void) {
    const superslab_stats before = stats_start();
    void *block = block_resize(NULL, 100);
    block = block_resize(block, 0);
    CHECK(block != NULL);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + 1);
    block = block_resize(block, 5 << 20);
    block = block_resize(block, 0);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + 1);
    superslab_free(block);
    superslab_free(NULL);
    superslab_free_sized(NULL, 10);
    superslab_free_aligned_sized(NULL, 64, 10);
    stats_check_returned(&before);
}
