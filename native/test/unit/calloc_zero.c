/* Zeroed memory is zero also where it was used before: all classes, large and huge, from the thread's bin, from a slab,
 * and after memory was given back. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "stats.h"

#include <string.h>

enum { EACH = 6 };

static void dirty(size_t size) {
    void *blocks[EACH];
    for (size_t i = 0; i < EACH; i++) {
        blocks[i] = block_new(size);
        memset(blocks[i], 0xA5, superslab_usable_size(blocks[i]));
    }
    for (size_t i = 0; i < EACH; i++)
        superslab_free(blocks[i]);
}

static void zeroed(size_t size) {
    void *blocks[EACH + 1];
    for (size_t i = 0; i < EACH + 1; i++) {
        blocks[i] = i % 2 == 0 ? block_new_zeroed(1, size) : block_new_zeroed(size, 1);
        const unsigned char *bytes = blocks[i];
        for (size_t at = 0; at < size; at++)
            CHECK_THAT(bytes[at] == 0, "byte %zu of size %zu", at, size);
        memset(blocks[i], 0x5A, size);
    }
    for (size_t i = 0; i < EACH + 1; i++)
        superslab_free(blocks[i]);
}

static void size_run(size_t size) {
    zeroed(size); /* fresh, or left dirty by another size */
    dirty(size);
    zeroed(size);
    superslab_trim();
    zeroed(size);
}

/* A part of a dirty large block, and a run joined from several. */
static void split_and_merged(void) {
    for (size_t size = 100 << 10; size <= 16 << 20; size *= 3) {
        dirty(size);
        zeroed(size / 2 + 1);
        dirty(size / 3);
        zeroed(size);
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++)
        size_run(all.usable[i]);
    for (size_t size = 65 << 10; size <= CHECK_SCALED(8) << 20; size = size * 3 / 2 + 1)
        size_run(size);
    size_run(2 << 20);
    size_run((2 << 20) + 1);
    split_and_merged();
    stats_check_returned(&before);
}
