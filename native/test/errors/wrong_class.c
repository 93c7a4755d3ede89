/* The header of another class before a block: reported at once, by the right error. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "extent.h"
#include "report.h"
#include "stats.h"

enum { MORE = 500 };

static void swap_run(size_t size, size_t other_size) {
    unsigned char *block = block_new(size), *other = block_new(other_size);
    const bool headed = superslab_usable_size(block) < block_stride(block) &&
                        superslab_usable_size(other) < block_stride(other);
    if (!headed || block[-1] == other[-1]) {
        superslab_free(block);
        superslab_free(other);
        return;
    }
    const unsigned char header = block[-1];
    block[-1] = other[-1];
    superslab_free(block);
    reports_expect_either(SUPERSLAB_ERROR_WRONG_CLASS, SUPERSLAB_ERROR_CORRUPTED_HEADER, block);

    /* It stays live: no new block of either class overlaps another. */
    static extent extents[MORE];
    for (size_t i = 0; i < MORE; i++) {
        const size_t wanted = i % 2 == 0 ? size : other_size;
        extents[i] = (extent){(uintptr_t)block_new(wanted), wanted};
    }
    extents_check_disjoint(extents, MORE);
    for (size_t i = 0; i < MORE; i++)
        superslab_free((void *)extents[i].start);
    if (CHECK_HARDENED >= 2) /* a free beside it reports the header, too */
        reports_take();
    block[-1] = header;
    superslab_free(block);
    superslab_free(other);
    reports_expect_none();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
}

int main(void) {
    stats_start();
    reports_start();
    const classes all = classes_derive();
    const size_t step = all.count / 12 + 1;
    for (size_t i = 0; i < all.count; i += step) {
        for (size_t j = 0; j < all.count; j += step)
            swap_run(all.usable[i], all.usable[j]);
        if (i + 1 < all.count)
            swap_run(all.usable[i], all.usable[i + 1]);
    }
}
