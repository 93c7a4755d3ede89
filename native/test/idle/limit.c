/* SUPERSLAB_LIMIT: a request beyond it first gives free memory back, and then gets NULL and ENOMEM. No block is lost,
 * live blocks can be freed, and then there is room again. */
#include "background.h"
#include "check.h"
#include "parcel.h"
#include "stats.h"

#include <errno.h>
#include <stdlib.h>

enum { LIMIT = 64 << 20, LARGE = 1 << 20, SMALL = 4000, MOST = 1 << 16 };

static void *blocks[MOST];

/* Allocates until the first refusal; returns the number of blocks. */
static size_t exhaust(size_t size) {
    size_t count = 0;
    errno = 0;
    while (count < MOST && (blocks[count] = superslab_malloc(size)) != NULL)
        count++;
    CHECK_LT(count, MOST);
    CHECK_EQ(errno, ENOMEM);
    return count;
}

static void free_all(size_t count) {
    for (size_t i = 0; i < count; i++)
        superslab_free(blocks[i]);
}

/* Slabs of aligned blocks are smaller than others, so a few of them may still fit where no other slab does. */
static void exhaust_aligned(size_t size) {
    void *aligned[MOST];
    size_t count = 0;
    errno = 0;
    while (count < MOST && (aligned[count] = superslab_aligned_alloc(4096, size)) != NULL)
        count++;
    CHECK_LT(count * size, LIMIT / 8);
    CHECK_EQ(errno, ENOMEM);
    while (count != 0)
        superslab_free(aligned[--count]);
}

/* Nearly the whole limit is usable: all of it except an eighth can be allocated. */
static void fill(size_t size) {
    const size_t count = exhaust(size);
    CHECK_LE(count * size, LIMIT);
    CHECK_GE(count * size, LIMIT / 8 * 7);
    CHECK(superslab_calloc(1, size) == NULL);
    exhaust_aligned(size * 2);
    parcel *kept = NULL;
    /* Blocks of slabs that exist are still served, and a block can grow within its class. */
    superslab_free(blocks[0]);
    CHECK((kept = parcel_new(size, 7)) != NULL);
    errno = 0;
    CHECK(superslab_realloc(kept, LIMIT) == NULL);
    CHECK_EQ(errno, ENOMEM);
    parcel_check(kept);
    blocks[0] = kept;
    free_all(count);
}

int main(void) {
    setenv("SUPERSLAB_LIMIT", "64M", 1);
    setenv("SUPERSLAB_DECAY", "-1", 1); /* free memory goes back only on request */
    const superslab_stats before = stats_start();
    CHECK(superslab_malloc((size_t)LIMIT * 2) == NULL);
    for (unsigned round = 0; round < 3; round++) {
        /* The dirty memory of one size must make room for the other. */
        fill(LARGE);
        fill(SMALL);
    }
    stats_check_returned(&before);
    CHECK_LE(stats_now().slab_bytes + stats_now().large_bytes + stats_now().dirty_bytes, LIMIT);
}
