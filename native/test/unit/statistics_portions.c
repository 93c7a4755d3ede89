/* The figures for other processes are taken in portions: no call looks through all slabs of a large process. */
#include "background/publish.h"
#include "background/stats.h"
#include "base/signal.h"
#include "block.h"
#include "check.h"
#include "child.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLABS = 3 * SS_PUBLISH_PORTION, PORTION = 100, SIZE = 60000 };

static void *blocks[SLABS];

/* Slabs, large blocks and free granules. */
static void fill(void) {
    for (unsigned i = 0; i < SLABS; i++)
        blocks[i] = superslab_malloc(i % 2 == 0 ? 100000 : SIZE);
    for (unsigned i = 0; i < SLABS; i += 5)
        superslab_free(blocks[i]);
}

/* In portions of any size, the sum is the same as in one; and no portion visits more than its limit. */
static void the_same_sum(void) {
    superslab_stats whole;
    ss_stats_walk walk = {.place = 0};
    unsigned portions = 1;
    superslab_get_stats(&whole);
    for (; !ss_stats_continue(&walk, PORTION); portions++)
        CHECK_LE(walk.stats.slab_count, portions * PORTION);
    CHECK_GE(portions, whole.slab_count / PORTION);
    CHECK_EQ(memcmp(&walk.stats, &whole, sizeof whole), 0);
}

static const ss_publication *publish_now(void) {
    ss_publish();
    const ss_publication *page = ss_published->page.start;
    if (page == NULL)
        check_skip("no page is published here");
    return page;
}

/* Without a background thread a page that is due is finished by the calls that follow, a portion each. */
static void by_calls(void *unused) {
    (void)unused;
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0);
    fill();
    const ss_publication *page = publish_now();
    const uint32_t sequence = page->sequence;
    ss_signal_publish();
    void *block = superslab_malloc(1 << 20);
    CHECK(ss_signals->attention & SS_ATTENTION_PUBLISH);
    CHECK_EQ(page->sequence, sequence);
    CHECK_NE(ss_published->walk.place + ss_published->walk.granule, 0);
    for (; page->sequence == sequence; block = superslab_malloc(1 << 20))
        superslab_free(block);
    CHECK_EQ(ss_published->walk.place + ss_published->walk.granule, 0);
    superslab_free(block);
}

/* With one, a call leaves all of it to the thread, and does not even take the lock. */
static void by_the_thread(void *unused) {
    (void)unused;
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "3600000", 1), 0);
    fill();
    const ss_publication *page = publish_now();
    const uint32_t sequence = page->sequence;
    ss_signal_publish();
    ss_lock_take(&ss_published->lock);
    superslab_free(superslab_malloc(1 << 20));
    CHECK(!(ss_signals->attention & SS_ATTENTION_PUBLISH));
    CHECK(ss_signals->publish_late);
    ss_lock_release(&ss_published->lock);
    while (*(volatile const _Atomic uint32_t *)&page->sequence == sequence)
        usleep(1000); /* no call of the allocator: the thread does it */
}

int main(void) {
    child_result result = child_run(by_calls, NULL);
    child_check_clean(&result);
    result = child_run(by_the_thread, NULL);
    child_check_clean(&result);
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0); /* nothing goes back between two walks */
    fill();
    the_same_sum();
    for (unsigned i = 0; i < SLABS; i++)
        if (i % 5 != 0)
            superslab_free(blocks[i]);
    the_same_sum();
}
