/* Threads end while the background thread runs, after they used only their hot paths for so long that it has visited
 * all slabs since; their end is no cold path either. Their memory still goes back, and then the background thread
 * ends. */
#include "background.h"
#include "check.h"
#include "rss.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 8,
    SIZES = 8,
    FIRST_BYTES = 8 << 10,
    STEP_BYTES = 6 << 10,
    BLOCKS = 16,
    HELD = 8,
    MUCH = 64,
    MUCH_BYTES = 1 << 20,
    WATCHED = 300,
    LEFT_MOST = 4 << 20
};

static atomic_uint at_work;
static atomic_bool finished;

static void fill(void **blocks, size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        CHECK((blocks[i] = superslab_malloc(bytes)) != NULL);
        memset(blocks[i], 1, bytes);
    }
}

static void free_all(void **blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        superslab_free(blocks[i]);
}

/* The number of blocks changes all the time, so that two reads of the bin differ. */
static void work_hot(size_t bytes) {
    void *held[HELD];
    while (!atomic_load_explicit(&finished, memory_order_relaxed))
        for (size_t count = 1; count <= HELD; count++) {
            for (size_t i = 0; i < count; i++)
                CHECK((held[i] = superslab_malloc(bytes)) != NULL);
            free_all(held, count);
        }
}

static void work(unsigned index, void *context) {
    void *blocks[SIZES][BLOCKS];
    (void)context, (void)index;
    for (size_t size = 0; size < SIZES; size++)
        fill(blocks[size], BLOCKS, FIRST_BYTES + size * STEP_BYTES);
    for (size_t size = 0; size < SIZES; size++)
        free_all(blocks[size], BLOCKS);
    atomic_fetch_add(&at_work, 1);
    work_hot(FIRST_BYTES);
}

static bool all_at_work(void) {
    return atomic_load(&at_work) == THREADS;
}

int main(void) {
    static void *much[MUCH];
    setenv("SUPERSLAB_DECAY", "40", 1);
    scavenger_must_be_visible();
    const superslab_stats before = stats_start();
    const size_t rss_before = rss_bytes();
    const bool rss_checked = rss_is_meaningful();
    team workers;
    fill(much, MUCH, MUCH_BYTES);
    team_start(&workers, THREADS, work, NULL);
    wait_until(all_at_work);
    free_all(much, MUCH);
    wait_idle(WATCHED);
    CHECK_GT(stats_now().cached_bytes, 0);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
    wait_until(scavenger_has_given_back);
    wait_until(scavenger_is_gone);
    if (rss_checked)
        CHECK_LE(rss_bytes(), rss_before + LEFT_MOST);
}
