/* Any number of refused requests leaves nothing behind: no addresses, no memory, no place for a region. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "limit.h"
#include "rss.h"
#include "stats.h"

#include <errno.h>
#include <sys/mman.h>

enum { TIMES = 2000 };

static void refused(void *context) {
    const size_t size = *(size_t *)context;
    const superslab_stats before = stats_start();
    CHECK(block_try(size) == NULL);
    /* An aligned one takes more addresses, which are reserved before the memory is refused, once. */
    CHECK(block_try_aligned(1 << 20, size, ENOMEM) == NULL);
    const superslab_stats first = stats_now();
    for (int i = 0; i < TIMES; i++) {
        CHECK(block_try(size) == NULL);
        CHECK(block_try_zeroed(1, size) == NULL);
        CHECK(block_try_aligned(1 << 20, size, ENOMEM) == NULL);
        CHECK_EQ(superslab_prewarm(size, 1), 0);
    }
    const superslab_stats last = stats_now();
    CHECK_THAT(last.reserved_bytes == first.reserved_bytes, "%ju, then %ju, size %zu",
               (uintmax_t)first.reserved_bytes, (uintmax_t)last.reserved_bytes, size);
    CHECK_EQ(last.committed_bytes, first.committed_bytes);
    CHECK_LE(last.metadata_bytes, first.metadata_bytes + (64 << 10));
    superslab_free(block_new(100));
    superslab_free(block_new(64 << 20));
    stats_check_returned(&before);

    void *memory = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    superslab_region *region = superslab_region_adopt(memory, 1 << 20, 1 << 20);
    CHECK(region != NULL);
    superslab_region_retire(region);
}

/* Addresses can be reserved, but no memory for them. */
static void refused_memory(void *size) {
    limit_data(96 << 20);
    refused(size);
}

int main(void) {
    for (unsigned shift = 47; shift < 63; shift += 3) { /* more than can be addressed */
        size_t size = (size_t)1 << shift;
        const child_result result = child_run(refused, &size);
        child_check_clean(&result);
    }
    if (rss_data_bytes() == 0 || CHECK_SANITIZED)
        return 0;
    for (unsigned shift = 28; shift < 45; shift += 2) {
        size_t size = (size_t)1 << shift;
        const child_result result = child_run(refused_memory, &size);
        child_check_clean(&result);
    }
}
