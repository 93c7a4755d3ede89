/* A large block that must move takes its pages along: no page is counted twice. */
#define _GNU_SOURCE /* mremap */

#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rss.h"
#include "stats.h"

#include <string.h>
#include <sys/mman.h>

enum { SIZE = 192 << 20, SLACK_BYTES = 32 << 20 };

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* Moving pages without leaving a hole needs Linux 5.7. */
static bool can_move(void) {
#ifdef __linux__
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    void *moved = mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    munmap(page, 4096);
    if (moved == MAP_FAILED)
        return false;
    munmap(moved, 4096);
    return true;
#else
    return false;
#endif
}

int main(void) {
    if (!can_move())
        check_skip("this system cannot move pages and keep their addresses reserved");
    if (!rss_is_meaningful() || !rss_peak_reset())
        check_skip("the peak of the RSS cannot be read here");
    const superslab_stats before = stats_start();
    unsigned char *block = block_new(SIZE);
    void *in_the_way = block_new(3 << 20);
    memset(block, 1, SIZE);
    pattern_mark(block, SIZE, 1);
    CHECK(rss_peak_reset());
    const size_t peak_before = rss_peak_bytes();
    block = block_resize(block, SIZE + SIZE / 4);
    CHECK_LE(rss_peak_bytes(), peak_before + SLACK_BYTES);
    CHECK(pattern_marked(block, SIZE, 1));
    pattern_mark(block, SIZE + SIZE / 4, 2);
    CHECK(pattern_marked(block, SIZE + SIZE / 4, 2));
    superslab_free(in_the_way);
    superslab_free(block);
    stats_check_returned(&before);

    /* The place it left is ordinary free memory. */
    unsigned char *again = block_new_zeroed(1, SIZE);
    CHECK(pattern_zero(again, SIZE));
    superslab_free(again);
    stats_check_returned(&before);
}
