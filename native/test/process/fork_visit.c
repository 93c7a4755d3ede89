/* superslab_visit in the child of a fork: the bins of threads that the child does not have are still there, with blocks
 * that were never handed out among them, and what it finds is what the statistics say. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "membarrier.h"
#include "stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BEFORE = 2000, SIZE = 2400, COUNT = 5000 };

static pthread_mutex_t asleep = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static void *kept;

/* Memory whose bytes are the header of the class of SIZE, and a bin of blocks in it. */
static void *fill(void *unused) {
    void **blocks = calloc(COUNT, sizeof *blocks);
    CHECK(blocks != NULL);
    blocks_leave_headers(SIZE, BEFORE, blocks, COUNT);
    free(blocks); /* the thread never ends */
    pthread_mutex_lock(&asleep);
    kept = block_new(SIZE);
    pthread_cond_signal(&ready);
    for (;;)
        pthread_cond_wait(&ready, &asleep);
    return unused;
}

static int count(const superslab_inspection *block, void *context) {
    uint64_t *counts = context;
    counts[block->kind == SUPERSLAB_ADDRESS_LIVE]++;
    counts[2] += block->kind == SUPERSLAB_ADDRESS_FREE;
    return 0;
}

static void agrees(void *unused) {
    (void)unused;
    uint64_t counts[3] = {0};
    const superslab_stats now = stats_now();
    CHECK_EQ(superslab_visit(NULL, count, counts), 0);
    CHECK_EQ(now.lost_blocks, 0);
    CHECK_GT(now.cached_blocks, 0);
    CHECK_EQ(counts[1], now.live_blocks);
    CHECK_EQ(counts[0] - counts[2], now.cached_blocks);
}

int main(void) {
    pthread_t thread;
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0); /* nothing goes back between two readings */
    superslab_free(block_new(16));
    pthread_mutex_lock(&asleep);
    CHECK_EQ(pthread_create(&thread, NULL, fill, NULL), 0);
    while (kept == NULL)
        pthread_cond_wait(&ready, &asleep);
    const child_result result = child_run(agrees, NULL);
    child_check_clean(&result);
    if (membarrier_available()) /* or no thread's bins are read but the caller's */
        agrees(NULL);
}
