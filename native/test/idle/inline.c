/* SUPERSLAB_DECAY=inline: without background thread and barrier, free memory still goes back while a thread allocates
 * and frees a little. No call gives back more than a part of what is there. */
#include "background.h"
#include "check.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS = 192,
    BYTES = 1 << 20,
    SMALL_BLOCKS = 20000,
    SMALL_BYTES = 1000,
    SOME = 4 << 20,
    MOST_AT_ONCE = BLOCKS / 3 * BYTES
};

static void *small[SMALL_BLOCKS];

/* Cold paths now and then, as of a program that is nearly idle. */
static bool has_given_back(void) {
    const uint64_t before = stats_now().given_back_bytes;
    superslab_free(superslab_malloc(BYTES));
    /* At level 2 the memory went back when the blocks were freed, so what is left of them goes in no time, too. */
    CHECK_LE(stats_now().given_back_bytes - before,
             CHECK_HARDENED >= 2 ? BLOCKS * 2 * BYTES : MOST_AT_ONCE);
    CHECK(scavenger_is_gone());
    const superslab_stats now = stats_now();
    return now.dirty_bytes <= 2 * BYTES && now.slab_bytes <= SOME;
}

int main(void) {
    void *blocks[BLOCKS];
    scavenger_must_be_visible();
    setenv("SUPERSLAB_DECAY", "inline", 1);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < SMALL_BLOCKS; i++)
            CHECK((small[i] = superslab_malloc(SMALL_BYTES)) != NULL);
        for (size_t i = 0; i < BLOCKS; i++)
            CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
        for (size_t i = 0; i < BLOCKS; i++)
            memset(blocks[i], 1, BYTES); /* what was never touched goes back in no time */
        CHECK_GE(stats_now().live_bytes, (size_t)BLOCKS * BYTES + SMALL_BLOCKS * SMALL_BYTES);
        for (size_t i = 0; i < BLOCKS; i++)
            superslab_free(blocks[i]);
        for (size_t i = 0; i < SMALL_BLOCKS; i++)
            superslab_free(small[i]);
        wait_until(has_given_back);
    }
}
