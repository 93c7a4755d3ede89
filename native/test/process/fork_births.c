/* fork while other threads are born and end: the child knows nothing of a thread that was in the middle of either, and
 * may take statistics after the stacks of all those threads are gone. */
#include "check.h"
#include "child.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CHURNERS = 3, CHILDREN = 100, BLOCKS = 400, STACKS = 12 };

static atomic_bool finished;

static void *live_shortly(void *unused) {
    void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = superslab_malloc(16 + i % 40 * 100);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    return unused;
}

static void churn(unsigned index, void *context) {
    (void)index;
    (void)context;
    while (!atomic_load(&finished)) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, live_shortly, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
}

static void *nothing(void *unused) {
    return unused;
}

static void child_main(void *unused) {
    /* More stacks at once than the C library keeps in its cache. */
    pthread_t threads[STACKS];
    (void)unused;
    for (unsigned i = 0; i < STACKS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, nothing, NULL), 0);
    for (unsigned i = 0; i < STACKS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.thread_count, 1);
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("a sanitizer's own threads and stacks do not come through this");
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, CHURNERS, churn, NULL);
    for (unsigned i = 0; i < CHILDREN; i++) {
        child_result result = child_run(child_main, NULL);
        child_check_clean(&result);
    }
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
