/* More distinct stacks than the table has room for: the samples of the others are counted as lost, those of known stacks
 * still go to them, and the profile takes less than 4 MiB. */
#include "check.h"
#include "profile.h"
#include "superslab.h"

enum { DEPTH = 14, SITE_BYTES = 512, SAMPLES_BYTES = 1 << 20 };

static volatile unsigned done;

PROFILE_SITE static void leaf(void) {
    superslab_free(superslab_malloc(100));
    done++;
}

PROFILE_SITE static void right(unsigned path, unsigned depth);

/* One of two ways at each depth, by the bits of `path`: 2^DEPTH stacks. */
PROFILE_SITE static void left(unsigned path, unsigned depth) {
    if (depth == 0)
        leaf();
    else
        (path & 1 ? right : left)(path >> 1, depth - 1);
    done++;
}

PROFILE_SITE static void right(unsigned path, unsigned depth) {
    if (depth == 0)
        leaf();
    else
        (path & 1 ? right : left)(path >> 1, depth - 1);
    done += 2;
}

static profile_totals totals;
static superslab_stats after;
static double objects;

static void check_full(void) {
    superslab_get_stats(&after);
    totals = profile_read();
    CHECK(totals.whole);
    CHECK_EQ(totals.stacks, totals.limit);
    CHECK_GE(totals.limit, 10000);
    CHECK_GE(totals.taken, (1u << DEPTH) - 100);
    CHECK_GE(totals.lost, (1u << DEPTH) - totals.limit - 100);
    objects = profile_of((const void *)(uintptr_t)leaf, SITE_BYTES).objects;
}

int main(void) {
    superslab_stats before;
    left(0, 1);
    superslab_get_stats(&before);
    profile_begin(1);
    /* At the end the first path once more, from the same place. */
    for (volatile unsigned path = 0; path <= 1u << DEPTH; path++) {
        if (path == 1u << DEPTH)
            check_full();
        left(path, DEPTH);
    }
    CHECK_LE(after.metadata_bytes - before.metadata_bytes, (4 << 20) + SAMPLES_BYTES);
    CHECK_EQ(profile_read().lost, totals.lost);
    CHECK(profile_of((const void *)(uintptr_t)leaf, SITE_BYTES).objects > objects + 0.9);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
}
