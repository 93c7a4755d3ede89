/* A block is freed, its header is written over with the one it had while it was live, and it is freed again. The second
 * free cannot know, and the block is in a bin twice, or in a bin and its slab. The bits of the slab know: the flush
 * reports it, whichever way the block takes there, and the block is not handed out twice afterwards. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "extent.h"
#include "membarrier.h"
#include "report.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <stdlib.h>

enum { COUNT = 40, ROOM_MOST = 600, TRAILER_MOST = 32 };

static size_t size;
static sleepers asleep = SLEEPERS_NONE;
static unsigned slept; /* number of times that a thread was put to sleep */

/* Frees a block again after its header was restored. */
static void free_again(unsigned char *block, unsigned char header) {
    block[-1] = header;
    superslab_free(block);
}

static void free_again_sized(unsigned char *block, unsigned char header) {
    block[-1] = header;
    superslab_free_sized(block, size);
}

/* Hardened: if a purge of free pages took the block's trailer, realloc itself sees that the block is free. */
static void *resized_or_seen(void *block) {
    void *resized = superslab_realloc(block, size + 4096);
    CHECK(resized != NULL || errno == EINVAL);
    return resized;
}

/* Moves the block, so that realloc frees it. */
static void resize_again(unsigned char *block, unsigned char header) {
    block[-1] = header;
    superslab_free(CHECK_HARDENED ? resized_or_seen(block) : block_resize(block, size + 4096));
}

typedef void again_function(unsigned char *block, unsigned char header);
static again_function *const ways[] = {free_again, free_again_sized, resize_again};

/* Level 2: the first free has scrubbed the block, many sizes with their trailers. Where the block is in a bin, nothing but the
 * broken trailer is left to see then, at once; where it is in its slab, the slab's bits tell. */
static void reported_once(const void *block, bool in_slab) {
    const bool scrubs = CHECK_HARDENED >= 2 && !in_slab;
    const unsigned overflows = scrubs ? reports_count(SUPERSLAB_ERROR_OVERFLOW) : 0;
    CHECK_THAT(reports_count(SUPERSLAB_ERROR_DOUBLE_FREE) + overflows == 1 && reports_count(0) == 1,
               "%u double frees and %u overflows of %u reports, size %zu",
               reports_count(SUPERSLAB_ERROR_DOUBLE_FREE), reports_count(SUPERSLAB_ERROR_OVERFLOW),
               reports_count(0), size);
    if (overflows != 0) /* of the first byte that is not as it was left, where that can be told */
        CHECK_LE(reports_pointer() - (uintptr_t)block, size + TRAILER_MOST);
    else
        CHECK_EQ(reports_pointer(), (uintptr_t)block);
    reports_take();
}

static void none_twice(void) {
    extent extents[4 * COUNT];
    for (size_t i = 0; i < 4 * COUNT; i++)
        extents[i] = (extent){(uintptr_t)block_new(size), size};
    extents_check_disjoint(extents, 4 * COUNT);
    for (size_t i = 0; i < 4 * COUNT; i++)
        superslab_free((void *)extents[i].start);
}

static uintptr_t slab_of(const void *block) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)block, &found);
    return found.slab;
}

/* The first of the blocks to be freed whose slab has one that stays. A slab without one would end, and a free of a block that
 * was there is judged otherwise (errors/double_free). The blocks of a hardened library are in random order. */
static size_t victim_of(unsigned char *const blocks[COUNT]) {
    for (size_t i = 1; i < COUNT; i += 2)
        for (size_t kept = 0; kept < COUNT; kept += 2)
            if (slab_of(blocks[i]) == slab_of(blocks[kept]))
                return i;
    check_fail(__FILE__, __LINE__, "no slab has two blocks of %zu bytes", size);
}

/* The block in the bin, or back in its slab, when it is freed again. */
static unsigned char *freed_again(again_function *again, bool in_slab) {
    unsigned char *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = block_new(size);
    unsigned char *victim = blocks[victim_of(blocks)];
    const unsigned char header = victim[-1];
    for (size_t i = 1; i < COUNT; i += 2)
        superslab_free(blocks[i]);
    if (in_slab)
        superslab_trim();
    reports_expect_none();
    again(victim, header);
    for (size_t i = 0; i < COUNT; i += 2)
        superslab_free(blocks[i]);
    return victim;
}

/* ---- the ways to the slab ---- */

static void by_trim(again_function *again, bool in_slab) {
    const void *block = freed_again(again, in_slab);
    superslab_trim();
    reported_once(block, in_slab);
    none_twice();
}

/* The bin becomes full, and its older half goes back. */
static void by_overflow(again_function *again, bool in_slab) {
    static void *blocks[ROOM_MOST];
    for (size_t i = 0; i < ROOM_MOST; i++)
        blocks[i] = block_new(size);
    superslab_trim(); /* the bin is empty now */
    const void *block = freed_again(again, in_slab);
    for (size_t i = 0; i < ROOM_MOST; i++)
        superslab_free(blocks[i]);
    reported_once(block, in_slab);
    superslab_trim();
    none_twice();
}

static const void *elsewhere;

static void end(unsigned index, void *context) {
    elsewhere = freed_again(*(again_function **)context, index != 0);
}

/* The end of the thread flushes its bins. */
static void by_end(again_function *again) {
    team_run(1, end, &again);
    reported_once(elsewhere, false);
    none_twice();
}

static void sleep_on_it(unsigned index, void *context) {
    end(index, context);
    sleepers_sleep(&asleep, slept);
}

/* Another thread flushes the bins of one that sleeps. */
static void by_parking(again_function *again) {
    team one;
    slept++;
    team_start(&one, 1, sleep_on_it, &again);
    sleepers_await(&asleep, 1);
    while (reports_count(0) == 0) /* the thread may not have gone to sleep yet */
        superslab_trim();
    reported_once(elsewhere, false);
    sleepers_wake(&asleep);
    team_join(&one);
    none_twice();
}

int main(void) {
    setenv("SUPERSLAB_DECAY", "-1", 1); /* nothing goes back by age */
    const superslab_stats before = stats_start();
    const classes all = classes_derive();
    reports_start();
    for (size_t i = 0; i < all.count && all.usable[i] <= 64 << 10; i++) {
        size = all.usable[i];
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            by_trim(ways[way], false);
            by_trim(ways[way], true);
            by_overflow(ways[way], false);
            by_end(ways[way]);
        }
        if (i % 8 == 0 && membarrier_available())
            by_parking(free_again);
    }
    superslab_trim();
    stats_check_returned(&before);
    reports_expect_none();
}
