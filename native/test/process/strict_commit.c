/* A stand-in for strict overcommit (vm.overcommit_memory = 2), which only the machine's owner can set:
 * RLIMIT_DATA counts private writable memory, so that making reserved addresses usable (mprotect) is
 * what fails, just as it does there; reserving them (PROT_NONE) succeeds. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "exhaust.h"
#include "limit.h"
#include "rss.h"
#include "stats.h"

enum { HEADROOM = 128 << 20 };

static void limited_first(void *size) {
    limit_data(HEADROOM);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
}

static void limited_later(void *size) {
    superslab_free(block_new(*(size_t *)size));
    limit_data(HEADROOM);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
}

static void nothing_at_first(void *unused) {
    (void)unused;
    limit_data(0);
    for (size_t size = 1; size < 10 << 20; size = size * 4 + 1) {
        CHECK(block_try(size) == NULL);
        CHECK(block_try_zeroed(1, size) == NULL);
    }
    limit_data(HEADROOM);
    superslab_free(block_new(16));
    CHECK_EQ(stats_now().live_blocks, 0);
}

int main(void) {
    static const size_t sizes[] = {100, 1000, 40000, 1 << 20, 5 << 20};
    if (rss_data_bytes() == 0 || CHECK_SANITIZED)
        check_skip("%s", CHECK_SANITIZED
                             ? "a sanitizer maps what it likes"
                             : "the writable memory in use is not known or not limited here");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        child_result result = child_run(limited_first, (void *)&sizes[i]);
        child_check_clean(&result);
        result = child_run(limited_later, (void *)&sizes[i]);
        child_check_clean(&result);
    }
    const child_result result = child_run(nothing_at_first, NULL);
    child_check_clean(&result);
}
