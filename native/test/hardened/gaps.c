/* Inaccessible memory behind slabs and, at level 2, behind large blocks and in freed ones; and the bound on the number of
 * mappings that it takes. The tests are compiled with a bound of 256 gaps. */
#include "access.h"
#include "block.h"
#include "check.h"
#include "stats.h"

#include <stdio.h>

/* The first address behind the block that cannot be read, at most `most` bytes away. */
static size_t distance_to_end(const char *block, size_t most) {
    size_t at = 0;
    for (; at < most && is_readable(block + at); at += 4096)
        ;
    return at;
}

static void behind_slabs(void) {
    static const size_t sizes[] = {8, 100, 1000, 4096, 30000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = block_new(sizes[i]);
        CHECK_LT(distance_to_end(block, 2 << 20), 1 << 20);
        CHECK(!is_readable(block + sizes[i] - 1 + (1 << 20)));
        superslab_free(block);
    }
}

static void behind_large(void) {
    enum { SIZE = 256 << 10, COUNT = 40 };
    char *blocks[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = block_new(SIZE);
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK(is_readable(blocks[i] + SIZE - 1));
        CHECK(!is_readable(blocks[i] + SIZE));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        superslab_free(blocks[i]);
        CHECK(!is_readable(blocks[i]));
        CHECK(!is_readable(blocks[i] + SIZE - 1));
    }
}

/* Memory for a request of this size is opened as soon as the space grows, but no more than what was asked. */
static void behind_very_large(size_t size) {
    char *block = block_new(size);
    CHECK(is_readable(block));
    CHECK(is_readable(block + size - 1));
    CHECK(!is_readable(block + size));
    superslab_free(block);
    superslab_trim();
}

static size_t mappings(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    size_t count = 0;
    CHECK(maps != NULL);
    for (int c; (c = fgetc(maps)) != EOF;)
        count += c == '\n';
    fclose(maps);
    return count;
}

/* Many more slabs than there are gaps: all blocks are served, and beyond the bound slabs are joined to one mapping. */
static void bounded(void) {
    enum { SIZE = 60000, COUNT = 6000, GAPS = 256, OTHERS = 200 };
    static char *blocks[COUNT];
    const superslab_stats before = stats_now();
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = block_new(SIZE);
        blocks[i][SIZE - 1] = 'x';
    }
    CHECK_GT(stats_now().slab_bytes, before.slab_bytes + (size_t)(GAPS + 90) * (1 << 20));
    CHECK_LE(mappings(), 2 * GAPS + OTHERS);
    CHECK_GT(mappings(), GAPS);
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK_EQ(blocks[i][SIZE - 1], 'x');
        superslab_free(blocks[i]);
    }
}

int main(void) {
    superslab_free(block_new(1));
    const superslab_stats before = stats_start();
    behind_very_large(12 << 20);
    behind_very_large((size_t)5 << 28);
    behind_slabs();
    if (CHECK_HARDENED >= 2)
        behind_large();
    bounded();
    stats_check_returned(&before);
}
