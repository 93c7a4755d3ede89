/* fork beside threads that allocate and free: the live blocks in the child's statistics are those that the threads' slots
 * hold, except the lost ones and those of calls that were under way. 80 times. */
#include "check.h"
#include "child.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { THREADS = 4, SLOTS = 200, CHILDREN = 80 };
/* A thread in the middle of a refill or a flush: a bin's blocks; and the one that is in no slot yet, or no more. */
enum { IN_HAND = 2 * 256 + 1 };

static _Atomic(void *) slots[THREADS][SLOTS];
static atomic_bool finished;
static uint64_t seed, base;

static void work(unsigned index, void *context) {
    (void)context;
    rng random = {seed + index};
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        _Atomic(void *) *one = &slots[index][rng_below(&random, SLOTS)];
        void *block = atomic_exchange(one, NULL);
        if (block != NULL)
            superslab_free(block);
        else
            atomic_store(one, superslab_malloc(rng_between(&random, 1, 100000)));
    }
}

static uint64_t held_count(void) {
    uint64_t count = 0;
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned j = 0; j < SLOTS; j++)
            count += atomic_load(&slots[i][j]) != NULL;
    return count;
}

static void child_main(void *unused) {
    (void)unused;
    const superslab_stats before = stats_now();
    const uint64_t held = held_count();
    stats_check_consistent(&before);
    CHECK_EQ(before.thread_count, 1);
    CHECK_GE(before.live_blocks + THREADS, base + held);
    CHECK_LE(before.live_blocks, base + held + before.lost_blocks + THREADS * IN_HAND);
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned j = 0; j < SLOTS; j++)
            superslab_free(atomic_exchange(&slots[i][j], NULL));
    superslab_trim();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.live_blocks + held, before.live_blocks);
    CHECK_EQ(now.lost_blocks, before.lost_blocks);
}

int main(int argc, char **argv) {
    if (CHECK_SANITIZED)
        check_skip(
            "ThreadSanitizer allows a forked child no thread, and the background thread is one");
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    base = before.live_blocks;
    team workers;
    team_start(&workers, THREADS, work, NULL);
    for (unsigned i = 0; i < CHILDREN; i++) {
        const child_result result = child_run(child_main, NULL);
        child_check_clean(&result);
    }
    atomic_store(&finished, true);
    team_join(&workers);
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned j = 0; j < SLOTS; j++)
            superslab_free(atomic_load(&slots[i][j]));
    stats_check_returned(&before);
}
