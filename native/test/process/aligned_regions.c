/* Under RLIMIT_AS a region is small: aligned blocks of later ones are like those of the first. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "limit.h"
#include "report.h"
#include "rss.h"
#include "stats.h"

#include <errno.h>

enum { HEADROOM = 256 << 20, ALIGNMENT = 4096, INSIDE = 64 };

/* The blocks are a list through their own first words. */
typedef struct link {
    struct link *next;
} link;

static void misuse(unsigned char *block) {
    superslab_free(block + INSIDE);
    reports_expect(SUPERSLAB_ERROR_INSIDE_BLOCK, block + INSIDE);
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    superslab_free(block);
    reports_expect_none();
    superslab_free(block);
    reports_expect_either(SUPERSLAB_ERROR_DOUBLE_FREE, SUPERSLAB_ERROR_UNKNOWN_POINTER, block);
}

static void limited(void *unused) {
    (void)unused;
    limit_mapped(HEADROOM);
    reports_start();
    link *last = NULL;
    size_t count = 0;
    for (link *fresh; (fresh = block_try_aligned(ALIGNMENT, ALIGNMENT, ENOMEM)) != NULL; count++) {
        fresh->next = last;
        last = fresh;
    }
    /* An eighth of the limit at most is reserved for them at first, and more as they need it. */
    CHECK_GT(count * ALIGNMENT, HEADROOM / 4);
    CHECK_EQ(stats_now().live_blocks, count);
    while (last != NULL) {
        link *block = last;
        last = block->next;
        if (count-- % 64 == 0)
            misuse((unsigned char *)block);
        else
            superslab_free(block);
    }
    reports_expect_none();
    CHECK_EQ(stats_now().live_blocks, 0);
    superslab_free(block_new_aligned(ALIGNMENT, ALIGNMENT));
}

int main(void) {
    if (rss_mapped_bytes() == 0 || CHECK_SANITIZED)
        check_skip("%s", CHECK_SANITIZED
                             ? "a sanitizer maps what it likes"
                             : "the addresses in use are not known or not limited here");
    const child_result result = child_run(limited, NULL);
    child_check_clean(&result);
}
