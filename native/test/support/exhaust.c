#include "exhaust.h"

#include "block.h"
#include "check.h"
#include "stats.h"

#include <stdint.h>

typedef struct link {
    struct link *next;
    uint64_t number;
} link;

/* When memory is exhausted, freed blocks can be allocated again. */
static void at_the_edge(link **last, size_t size) {
    for (int round = 0; round < 3 && *last != NULL; round++) {
        link *freed = *last;
        const uint64_t number = freed->number;
        *last = freed->next;
        superslab_free(freed);
        link *again = block_new(size);
        again->next = *last;
        again->number = number;
        *last = again;
    }
    CHECK(block_try_zeroed(1 << 10, 1 << 20) == NULL);
}

size_t exhaust_memory(size_t size) {
    const superslab_stats before = stats_now();
    link *last = NULL;
    uint64_t count = 0;
    for (link *fresh; (fresh = block_try(size)) != NULL; last = fresh) {
        fresh->next = last;
        fresh->number = count++;
    }
    const superslab_stats full = stats_now();
    CHECK_EQ(full.live_blocks, before.live_blocks + count);
    stats_check_consistent(&full);
    at_the_edge(&last, size);
    for (uint64_t left = count; last != NULL;) {
        link *freed = last;
        CHECK_EQ(freed->number, --left);
        last = freed->next;
        superslab_free(freed);
    }
    stats_check_returned(&before);
    superslab_free(block_new(size / 2));
    superslab_free(block_new(size * 4));
    return count * size;
}
