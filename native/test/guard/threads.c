/* Threads that take and give guarded blocks, and free those of others, twice at the same moment too. There are never more
 * samples than the rate allows, and threads whose bins never run dry have their share. */
#include "check.h"
#include "guard.h"
#include "report.h"
#include "stats.h"
#include "team.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 4, FREERS = 2, ROUNDS = CHECK_SCALED(100), RATE = 100 };

static uint8_t *shared[2];
static _Atomic unsigned arrived;
static _Atomic unsigned guarded[THREADS];

/* One block at a time, which stays in the thread's bin; until each thread had one guarded. */
static void own_block(unsigned index, void *context) {
    (void)context;
    for (bool all = false; !all;) {
        for (unsigned i = 0; i < 1000; i++) {
            uint8_t *block = superslab_malloc(80);
            memset(block, (int)index, 80);
            if (block[0] != index || guard_has(block))
                atomic_fetch_add_explicit(&guarded[index], 1, memory_order_relaxed);
            superslab_free(block);
        }
        all = true;
        for (unsigned i = 0; i < THREADS; i++)
            all &= atomic_load_explicit(&guarded[i], memory_order_relaxed) != 0;
    }
}

/* Returns at the same moment in all threads, without sleeping: waits for the `turn`th time that all have come here. */
static void meet(unsigned turn) {
    atomic_fetch_add_explicit(&arrived, 1, memory_order_acq_rel);
    while (atomic_load_explicit(&arrived, memory_order_acquire) < turn * FREERS)
        if (CHECK_SANITIZED)
            sched_yield();
}

static void free_shared(unsigned index, void *context) {
    (void)context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (index == 0)
            shared[i % 2] = guard_new(200); /* the other threads may still read the last one */
        meet(i + 1);
        superslab_free(shared[i % 2]);
    }
}

int main(void) {
    guard_begin(RATE);
    const uint64_t begin = guard_clock();
    const superslab_stats before = stats_start();
    team_run(THREADS, own_block, NULL);
    reports_start();
    team_run(FREERS, free_shared, NULL);
    /* Of the threads that free a block at once, one frees it. */
    CHECK_EQ(reports_count(SUPERSLAB_ERROR_DOUBLE_FREE), ROUNDS);
    CHECK_EQ(reports_take(), ROUNDS);
    const superslab_stats now = stats_now();
    CHECK_LE(now.guard_samples - before.guard_samples,
             1 + (guard_clock() - begin) * RATE / 1000000000);
    CHECK_EQ(now.guarded_blocks, 0);
    CHECK_EQ(now.live_blocks, before.live_blocks);
}
