/* RLIMIT_AS: a request that does not fit is NULL and ENOMEM, no block is lost, and freed memory can be allocated again.
 * The limit is there before the first call, or comes later. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "exhaust.h"
#include "limit.h"
#include "rss.h"
#include "stats.h"

#include <errno.h>

enum { HEADROOM = 256 << 20 };

static void limited_first(void *size) {
    limit_mapped(HEADROOM);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
    CHECK_GE(exhaust_memory(*(size_t *)size), HEADROOM / 4);
}

static void limited_later(void *size) {
    superslab_free(block_new(*(size_t *)size));
    limit_mapped(HEADROOM);
    /* The limit does not bound addresses that were reserved before: only a request that is too large is refused. */
    void *block = block_new(*(size_t *)size);
    CHECK(block_try((size_t)1 << 46) == NULL);
    superslab_free(block);
}

/* At first not even one region can be reserved; later it can. */
static void no_room_at_first(void *unused) {
    (void)unused;
    limit_mapped(256 << 10);
    CHECK(block_try(16) == NULL);
    CHECK(block_try_zeroed(4, 1000) == NULL);
    CHECK(block_try_aligned(4096, 100000, ENOMEM) == NULL);
    CHECK(block_try_resize(NULL, 5 << 20) == NULL);
    superslab_free(NULL);
    superslab_trim();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(superslab_prewarm(100, 10), 0);
    limit_mapped((size_t)1 << 30);
    superslab_free(block_new(16));
    superslab_free(block_new(5 << 20));
    CHECK_EQ(stats_now().live_blocks, 0);
}

int main(void) {
    static const size_t sizes[] = {100, 1000, 40000, 1 << 20, 5 << 20};
    if (rss_mapped_bytes() == 0 || CHECK_SANITIZED)
        check_skip("%s", CHECK_SANITIZED
                             ? "a sanitizer maps what it likes"
                             : "the addresses in use are not known or not limited here");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        child_result result = child_run(limited_first, (void *)&sizes[i]);
        child_check_clean(&result);
        result = child_run(limited_later, (void *)&sizes[i]);
        child_check_clean(&result);
    }
    const child_result result = child_run(no_room_at_first, NULL);
    child_check_clean(&result);
}
