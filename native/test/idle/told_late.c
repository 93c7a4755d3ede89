/* The figures that a process publishes are right soon after it has gone idle, without a further call: large blocks,
 * small ones, and small ones out of slabs that were there. */
#define _GNU_SOURCE
#include "background.h"
#include "background/publish.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024, LARGE = 14, SMALL = 40000, SMALL_BYTES = 1000, PART = 4 };
#define LARGE_BYTES ((size_t)30 << 20)
#define CLOSE_BYTES ((uint64_t)6 << 20)

static int page = -1;

static void find_page(void) {
    for (int i = 3; i < DESCRIPTORS && page < 0; i++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        if (readlink(path, target, sizeof target - 1) > 0 &&
            strncmp(target, "/memfd:superslab", 16) == 0)
            page = i;
    }
    if (page < 0)
        check_skip("this system has no page to publish");
}

static ss_publication published(void) {
    ss_publication read;
    do
        CHECK_EQ(pread(page, &read, sizeof read, 0), sizeof read);
    while (atomic_load(&read.sequence) % 2 != 0);
    return read;
}

static uint64_t expected_bytes;

/* The published live bytes, without the threads' caches. */
static bool is_told(void) {
    const superslab_stats stats = published().stats;
    return stats.live_bytes + CLOSE_BYTES > expected_bytes &&
           stats.live_bytes < expected_bytes + CLOSE_BYTES;
}

static void *large[LARGE], *small[SMALL];

static void expect(uint64_t bytes) {
    expected_bytes = bytes;
    wait_until(is_told);
    wait_until(scavenger_is_gone);
    CHECK(is_told());
}

int main(void) {
    setenv("SUPERSLAB_DECAY", "100", 1);
    superslab_free(superslab_malloc(1));
    find_page();
    for (size_t i = 0; i < LARGE; i++)
        CHECK((large[i] = superslab_malloc(LARGE_BYTES)) != NULL);
    expect(LARGE * LARGE_BYTES);
    for (size_t i = 0; i < LARGE; i++)
        superslab_free(large[i]);
    expect(0);
    for (size_t i = 0; i < SMALL; i++)
        CHECK((small[i] = superslab_malloc(SMALL_BYTES)) != NULL);
    expect((uint64_t)SMALL * SMALL_BYTES);
    /* Every fourth stays, so the slabs do. */
    for (size_t i = 0; i < SMALL; i++)
        if (i % PART != 0)
            superslab_free(small[i]);
    expect((uint64_t)SMALL / PART * SMALL_BYTES);
    for (size_t i = 0; i < SMALL; i++)
        if (i % PART != 0)
            CHECK((small[i] = superslab_malloc(SMALL_BYTES)) != NULL);
    expect((uint64_t)SMALL * SMALL_BYTES);
}
