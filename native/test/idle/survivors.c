/* A program frees all but one block in a thousand, spread over its memory, and goes idle: a quarter of the peak may
 * stay, and a thirty-third once all is freed. The test does not check the time; docs/benchmarks has it. */
#include "background.h"
#include "check.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"

#include <string.h>

enum { ONE_IN = 1000, TOTAL = 128 << 20 };

typedef struct block {
    struct block *next;
    size_t size;
} block;

static size_t rss_most; /* that wait_until waits for */

static bool is_small(void) {
    return rss_bytes() <= rss_most;
}

static void wait_until_at_most(size_t bytes) {
    rss_most = bytes;
    wait_until(is_small);
}

/* Log-uniform from `low` to `high`: as many between 1 and 2 KiB as between 2 and 4. */
static size_t draw(rng *random, size_t low, size_t high) {
    size_t size;
    do
        size = rng_log_size(random, high);
    while (size < low);
    return size;
}

static block *fill(rng *random, size_t low, size_t high) {
    block *first = NULL, **last = &first;
    for (size_t total = 0; total < TOTAL;) {
        const size_t size = draw(random, low, high);
        block *one = superslab_malloc(size);
        CHECK(one != NULL);
        memset(one, 0x5a, size);
        *one = (block){NULL, size};
        *last = one;
        last = &one->next;
        total += size;
    }
    return first;
}

/* The remaining blocks of the list. */
static block *free_most(block *all, rng *random) {
    block *kept = NULL;
    for (block *one = all, *next; one != NULL; one = next) {
        next = one->next;
        if (rng_below(random, ONE_IN) != 0) {
            superslab_free(one);
            continue;
        }
        one->next = kept;
        kept = one;
    }
    return kept;
}

static void check_contents(const block *kept) {
    for (; kept != NULL; kept = kept->next)
        for (size_t at = sizeof *kept; at < kept->size; at++)
            CHECK_EQ(((const unsigned char *)kept)[at], 0x5a);
}

int main(int argc, char **argv) {
    static const struct {
        size_t low, high;
    } ranges[] = {{100, 100 << 10}, {16, 1024}};
    rng random = {check_seed(argc, argv, 42)};
    if (!rss_is_meaningful())
        check_skip("it is about the RSS");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        block *kept = fill(&random, ranges[i].low, ranges[i].high);
        const size_t peak = rss_bytes();
        CHECK_GE(peak, TOTAL);
        kept = free_most(kept, &random);
        wait_until_at_most(peak / 4);
        check_contents(kept);
        for (block *next; kept != NULL; kept = next) {
            next = kept->next;
            superslab_free(kept);
        }
        wait_until_at_most(peak / 100 * 3);
    }
}
