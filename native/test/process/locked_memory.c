/* With mlockall the system refuses to take pages back: pages that trim could not give back must not be taken for
 * zero. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "stats.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void dirty_and_zeroed(size_t size) {
    void *block = block_new(size);
    memset(block, 0xA5, superslab_usable_size(block));
    superslab_free(block);
    superslab_trim();
    block = block_new_zeroed(1, size);
    CHECK_THAT(pattern_zero(block, size), "size %zu", size);
    superslab_free(block);
}

static void locked(void *later) {
    if (later != NULL)
        superslab_free(block_new(100));
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        check_skip("mlockall: %s", strerror(errno));
    const superslab_stats before = stats_start();
    for (int round = 0; round < 2; round++) {
        for (size_t size = 100; size < 24 << 20; size = size * 5 / 2)
            dirty_and_zeroed(size);
    }
    void *block = block_new(3 << 20);
    pattern_fill(block, 3 << 20, 3);
    block = block_resize(block, 9 << 20);
    CHECK(pattern_intact(block, 3 << 20, 3));
    superslab_free(block);
    stats_check_returned(&before);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("a sanitizer's shadow memory cannot be locked");
    child_result result = child_run(locked, NULL);
    child_check_clean(&result);
    int later;
    result = child_run(locked, &later);
    child_check_clean(&result);
}
