/* A sized free accepts every size that can have been the block's request. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "stats.h"

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        const size_t smallest = i == 0 ? 1 : all.usable[i - 1] + 1;
        superslab_free_sized(block_new(smallest), smallest);
        superslab_free_sized(block_new(all.usable[i]), all.usable[i]);
        /* The usable size can always have been the request, but a hardened library knows the request. */
        superslab_free_sized(block_new(smallest), CHECK_HARDENED ? smallest : all.usable[i]);
    }
    for (size_t size = 65537; size <= 64 << 20; size = size * 2 + 1)
        superslab_free_sized(block_new(size), size);
    for (size_t alignment = 1; alignment <= 4 << 20; alignment *= 2) {
        for (size_t size = 1; size <= 4 << 20; size = size * 5 + 3)
            superslab_free_aligned_sized(block_new_aligned(alignment, size), alignment, size);
    }
    void *shrunk = block_resize(block_new(5 << 20), 3 << 20);
    superslab_free_sized(shrunk, 3 << 20);
    stats_check_returned(&before);
}
