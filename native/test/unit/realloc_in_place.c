/* A block stays where it is when its class or its run of pages has room. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "stats.h"

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        const size_t smallest = i == 0 ? 1 : all.usable[i - 1] + 1;
        void *block = block_new(smallest);
        CHECK_EQ(block_resize(block, all.usable[i]), block);
        CHECK_EQ(block_resize(block, smallest), block);
        CHECK_EQ(block_resize(block, (smallest + all.usable[i]) / 2), block);
        superslab_free(block);
    }
    /* A large block within its last granule, and when it gives up its tail. */
    for (size_t size = 1 << 20; size <= 32 << 20; size *= 2) {
        void *block = block_new(size - 100);
        const size_t span = block_stride(block);
        CHECK_EQ(block_resize(block, superslab_usable_size(block)), block);
        CHECK_EQ(block_resize(block, size * 3 / 4), block);
        CHECK_LT(block_stride(block), span);
        /* Hardened, the thread has a large cache from its first free on. */
        if (!CHECK_HARDENED)
            CHECK_EQ(stats_now().large_bytes, before.large_bytes + block_stride(block));
        superslab_free(block);
    }
    stats_check_returned(&before);
}
