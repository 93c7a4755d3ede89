/* Free memory that is dirty and free memory that was given back join and serve one block together; the parts that are
 * not taken stay dirty or clean. */
#include "block.h"
#include "check.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

enum { GRANULE = 64 << 10, COUNT = 8, BLOCK = 10 * GRANULE };

static uint64_t dirty_now(void) {
    return stats_now().dirty_bytes;
}

/* Three blocks in a row and one after them, so that none of them is at the end of the space. */
static char *blocks[4];

static void blocks_make(void) {
    for (unsigned i = 0; i < 4; i++) {
        blocks[i] = superslab_malloc(BLOCK);
        CHECK(blocks[i] != NULL);
        CHECK(i == 0 || blocks[i] == blocks[i - 1] + BLOCK);
        memset(blocks[i], 0xaa, BLOCK);
    }
}

int main(void) {
    if (CHECK_HARDENED >= 2)
        check_skip("level 2: gaps lie between large blocks, and freed ones are inaccessible");
    if (CHECK_HARDENED)
        setenv("SUPERSLAB_LIMIT", "1G",
               1); /* no large caches, which a thread has from its first free on */
    const superslab_stats before = stats_start();
    superslab_trim();
    const uint64_t dirty = dirty_now();

    blocks_make();
    superslab_free(blocks[0]);
    CHECK_EQ(dirty_now(), dirty + BLOCK);
    superslab_trim();
    CHECK_EQ(dirty_now(), dirty);
    superslab_free(blocks[1]);
    CHECK_EQ(dirty_now(), dirty + BLOCK);
    /* The first half of it clean, the second dirty. */
    char *joined = superslab_malloc(2 * BLOCK);
    CHECK_EQ((uintptr_t)joined, (uintptr_t)blocks[0]);
    CHECK_EQ(dirty_now(), dirty);
    superslab_free(joined);
    CHECK_EQ(dirty_now(), dirty + 2 * BLOCK);

    /* The first part is clean, the rest dirty; zeroes wherever they are requested. */
    superslab_trim();
    char *front = superslab_malloc(BLOCK);
    CHECK_EQ((uintptr_t)front, (uintptr_t)blocks[0]);
    superslab_free(blocks[2]);
    superslab_free(front);
    CHECK_EQ(dirty_now(), dirty + 2 * BLOCK);
    const size_t lengths[COUNT] = {2, 9, 10, 11, 15, 20, 29, 30};
    for (unsigned i = 0; i < COUNT; i++) {
        char *zeroed = superslab_calloc(lengths[i], GRANULE);
        CHECK_EQ((uintptr_t)zeroed, (uintptr_t)blocks[0]);
        for (size_t at = 0; at < lengths[i] * GRANULE; at++)
            CHECK_THAT(zeroed[at] == 0, "byte %zu of %zu granules", at, lengths[i]);
        memset(zeroed, 0xbb, lengths[i] * GRANULE);
        superslab_free(zeroed);
    }

    /* Cut out of the middle: both ends stay free, and form one run with it again. */
    char *aligned = superslab_aligned_alloc(4 * GRANULE, 7 * GRANULE);
    CHECK(aligned >= blocks[0] && aligned < blocks[0] + 4 * GRANULE);
    CHECK_EQ((uintptr_t)aligned % (4 * GRANULE), 0);
    superslab_free(aligned);
    joined = superslab_malloc(3 * BLOCK);
    CHECK_EQ((uintptr_t)joined, (uintptr_t)blocks[0]);
    superslab_free(joined);
    superslab_free(blocks[3]);
    stats_check_returned(&before);
    superslab_trim();
    CHECK_EQ(dirty_now(), dirty);
}
