/* Statistics with several threads alive and at rest are exact to the block, for each owner and each cache. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "stats.h"
#include "team.h"

enum { THREADS = 4, BLOCKS = 700, ROUNDS = CHECK_SCALED(50) };

static void *blocks[THREADS][BLOCKS];
static uint64_t strides[THREADS];
static barrier gate = BARRIER(THREADS + 1);

static void work(unsigned index, void *context) {
    (void)context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        strides[index] = 0;
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[index][i] =
                block_new((i * 97 + index * 13 + round) % (i % 50 == 0 ? 90000 : 2000));
            strides[index] += block_stride(blocks[index][i]);
        }
        barrier_wait(&gate); /* all allocated */
        barrier_wait(&gate); /* statistics taken */
        /* One round frees its own, the next its neighbour's. */
        for (size_t i = 0; i < BLOCKS; i++)
            superslab_free(blocks[(index + round) % THREADS][i]);
        barrier_wait(&gate); /* all freed */
        barrier_wait(&gate);
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, THREADS, work, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        barrier_wait(&gate);
        uint64_t bytes = 0;
        for (unsigned i = 0; i < THREADS; i++)
            bytes += strides[i];
        stats_check_live(&before, THREADS * BLOCKS, bytes);
        CHECK_EQ(stats_now().thread_count, before.thread_count + THREADS);
        barrier_wait(&gate);
        barrier_wait(&gate);
        stats_check_returned(&before);
        if (round % 4 == 0)
            superslab_trim();
        stats_check_returned(&before);
        barrier_wait(&gate);
    }
    team_join(&workers);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().thread_count, before.thread_count);
}
