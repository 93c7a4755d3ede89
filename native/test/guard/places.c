/* The places of guarded blocks: a limited number is in use at a time, one that was freed is used again late, in an order
 * that cannot be foreseen, and blocks lie at either end of their pages. */
#include "check.h"
#include "guard.h"
#include "stats.h"

#include <string.h>
#include <unistd.h>

enum { USED_MOST = 64, SEEN = 96 };

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t page_of(const void *block) {
    return (uintptr_t)block / page_bytes();
}

static void check_full(unsigned most) {
    void *blocks[USED_MOST];
    for (unsigned i = 0; i < most; i++) {
        blocks[i] = guard_new(100);
        memset(blocks[i], 1, 100);
    }
    CHECK_EQ(stats_now().guarded_blocks, most);
    const uint64_t samples = stats_now().guard_samples;
    /* Many times what it takes to get one. */
    for (unsigned i = 0; i < 300; i++) {
        void *others[1000];
        for (unsigned k = 0; k < 1000; k++)
            others[k] = superslab_malloc(100);
        for (unsigned k = 0; k < 1000; k++)
            superslab_free(others[k]);
        usleep(1000);
    }
    CHECK_EQ(stats_now().guard_samples, samples);
    superslab_free(blocks[0]);
    blocks[0] = guard_new(100);
    CHECK_EQ(stats_now().guarded_blocks, most);
    for (unsigned i = 0; i < most; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(stats_now().guarded_blocks, 0);
}

static void check_order(void) {
    static uintptr_t pages[SEEN];
    unsigned left = 0, followed = 0;
    for (unsigned i = 0; i < SEEN; i++) {
        const uint8_t *block = guard_new(100);
        pages[i] = page_of(block);
        left += (uintptr_t)block % page_bytes() == 0;
        followed += i != 0 && pages[i] == pages[i - 1] + 2;
        for (unsigned k = 0; k < i; k++)
            CHECK_NE(pages[k], pages[i]);
        superslab_free((void *)(uintptr_t)block);
    }
    /* Of 96 fair coins fewer than 16 or more than 80 heads have a chance of 1e-11. */
    CHECK_GE(left, 16);
    CHECK_LE(left, 80);
    CHECK_LT(followed, 48);
}

int main(void) {
    guard_begin(100);
    const size_t by_bytes = ((size_t)256 << 10) / page_bytes();
    check_order();
    check_full(by_bytes < USED_MOST ? (unsigned)by_bytes : USED_MOST);
}
