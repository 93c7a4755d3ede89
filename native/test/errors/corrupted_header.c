/* The byte before a block is overwritten: every other value is reported at once, and only once. The block stays live,
 * and its neighbours and the allocator are unaffected. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "pattern.h"
#include "report.h"
#include "stats.h"

enum { NEIGHBOURS = 4 };

static bool is_headed(const unsigned char *block) {
    /* A block that fills its stride has no header before it. */
    return superslab_usable_size(block) < block_stride(block);
}

static void value_run(size_t size, unsigned flip) {
    void *neighbours[NEIGHBOURS];
    for (size_t i = 0; i < NEIGHBOURS; i++)
        pattern_mark(neighbours[i] = block_new(size), size, i);
    unsigned char *block = block_new(size);
    if (!is_headed(block)) {
        superslab_free(block);
    } else {
        const unsigned char header = block[-1];
        const unsigned char junk = (unsigned char)(header ^ flip);
        block[-1] = junk;
        superslab_free(block);
        CHECK_THAT(reports_count(0) == 1, "%u reports, header %#x became %#x, size %zu",
                   reports_count(0), header, junk, size);
        const unsigned named = reports_count(SUPERSLAB_ERROR_CORRUPTED_HEADER) +
                               reports_count(SUPERSLAB_ERROR_WRONG_CLASS) +
                               reports_count(SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(named, 1);
        reports_take();
        block[-1] = header;
        superslab_free(block);
        superslab_trim();
        reports_expect_none();
    }
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        CHECK(pattern_marked(neighbours[i], size, i));
        superslab_free(neighbours[i]);
    }
    reports_expect_none();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
}

int main(void) {
    stats_start();
    reports_start();
    static const size_t sizes[] = {1, 100, 1000, 5000, 30000, 60000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned flip = 1; flip < 256; flip++)
            value_run(superslab_good_size(sizes[i]), flip);
    }
    /* Zero and junk before a block of every class: reported at once, by the right error. */
    static const unsigned char junk[] = {0x00, 0x01, 0x7f, 0x41};
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i++) {
        unsigned char *block = block_new(all.usable[i]);
        for (size_t j = 0; is_headed(block) && j < sizeof junk; j++) {
            const unsigned char header = block[-1];
            block[-1] = junk[j];
            superslab_free(block);
            block[-1] = header;
            reports_expect(SUPERSLAB_ERROR_CORRUPTED_HEADER, block);
        }
        superslab_free(block);
        reports_expect_none();
    }
}
