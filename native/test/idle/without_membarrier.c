/* A sandbox that forbids membarrier: bins of sleeping threads stay, everything else goes back, and the thread
 * ends nevertheless. */
#include "background.h"
#include "check.h"
#include "sandbox.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { BLOCKS = 2000, BYTES = 3000, LARGE = 16 << 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static bool asleep, awake;

static void work(unsigned index, void *context) {
    void *blocks[BLOCKS];
    (void)index, (void)context;
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    superslab_free(superslab_malloc(LARGE));
    pthread_mutex_lock(&mutex);
    asleep = true;
    pthread_cond_broadcast(&turned);
    while (!awake)
        pthread_cond_wait(&turned, &mutex);
    pthread_mutex_unlock(&mutex);
}

static bool nothing_is_dirty(void) {
    return stats_now().dirty_bytes == 0;
}

int main(void) {
    team sleeper;
    setenv("SUPERSLAB_DECAY", "40", 1);
    sandbox_forbid_membarrier(ENOSYS);
    const superslab_stats before = stats_start();
    team_start(&sleeper, 1, work, NULL);
    pthread_mutex_lock(&mutex);
    while (!asleep)
        pthread_cond_wait(&turned, &mutex);
    pthread_mutex_unlock(&mutex);
    wait_until(nothing_is_dirty);
    wait_until(scavenger_is_gone);
    CHECK_GT(stats_now().cached_blocks, 0);
    superslab_trim();
    CHECK_GT(stats_now().cached_blocks, 0);
    pthread_mutex_lock(&mutex);
    awake = true;
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&mutex);
    team_join(&sleeper);
    stats_check_returned(&before);
}
