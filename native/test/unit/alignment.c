/* Every power of two from 1 byte to 8 MiB by many sizes. */
#include "block.h"
#include "check.h"
#include "extent.h"
#include "pattern.h"
#include "stats.h"

enum { EACH = 3, ALIGNMENT_MAX = 8 << 20 };

static void pair_run(size_t alignment, size_t size) {
    void *blocks[EACH];
    extent extents[EACH];
    for (size_t i = 0; i < EACH; i++) {
        blocks[i] = block_new_aligned(alignment, size);
        const size_t usable = superslab_usable_size(blocks[i]);
        pattern_mark(blocks[i], usable, size + i);
        extents[i] = (extent){(uintptr_t)blocks[i], usable};
    }
    extents_check_disjoint(extents, EACH);
    for (size_t i = 0; i < EACH; i++) {
        CHECK_THAT(pattern_marked(blocks[i], superslab_usable_size(blocks[i]), size + i),
                   "alignment %zu, size %zu", alignment, size);
        if (i == 0)
            superslab_free_aligned_sized(blocks[i], alignment, size);
        else
            superslab_free(blocks[i]);
    }
}

/* A block that is aligned more than 16 bytes can be resized like any other. */
static void resize_run(size_t alignment, size_t size) {
    void *block = block_new_aligned(alignment, size);
    pattern_mark(block, size, alignment);
    block = block_resize(block, size * 2 + 1);
    CHECK(pattern_marked(block, size, alignment));
    pattern_mark(block, size * 2 + 1, alignment);
    block = block_resize(block, size / 2);
    CHECK(pattern_marked_prefix(block, size * 2 + 1, alignment, size / 2));
    superslab_free(block);
}

int main(void) {
    static const size_t sizes[] = {
        0,     1,     8,     15,     16,     17,      31,      48,      63,      64,     100,
        127,   128,   129,   240,    255,    256,     500,     1000,    1023,    1024,   1025,
        2048,  4000,  4095,  4096,   4097,   8192,    10000,   16384,   32768,   65000,  65535,
        65536, 65537, 70000, 131072, 200000, 1048576, 2097151, 2097152, 2097153, 5242880};
    const superslab_stats before = stats_start();
    for (size_t alignment = 1; alignment <= ALIGNMENT_MAX; alignment *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            pair_run(alignment, sizes[i]);
            resize_run(alignment, sizes[i]);
        }
        stats_check_returned(&before);
    }
}
