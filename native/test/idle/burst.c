/* A burst of work on a pool of threads, which then waits for more: blocks of 256 bytes to 8 MiB, written whole, a tenth
 * of them freed by the next thread. Checks two figures of docs/benchmarks: no more than 16 MiB stay beyond the live
 * memory, and the peak is little above the maximum of the live memory. */
#include "background.h"
#include "check.h"
#include "membarrier.h"
#include "rng.h"
#include "rss.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    THREADS = 8,
    SLOTS = 50,
    OPS = 600,
    ONE_IN = 10,
    LOW_BYTES = 256,
    HIGH_BYTES = 8 << 20,
    BEYOND_MOST = 16 << 20
};

static uint64_t seed;
static atomic_size_t live, live_most;
static _Atomic(void *) handed[THREADS];
static size_t handed_size[THREADS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static unsigned asleep;
static bool awake;
static size_t rss_before;

typedef struct slot {
    void *start;
    size_t size;
} slot;

static void give(slot *one) {
    superslab_free(one->start);
    atomic_fetch_sub(&live, one->size);
    *one = (slot){NULL, 0};
}

static void take(slot *one, size_t size) {
    CHECK((one->start = superslab_malloc(size)) != NULL);
    one->size = size;
    memset(one->start, 1, size);
    const size_t now = atomic_fetch_add(&live, size) + size;
    size_t most = atomic_load(&live_most);
    while (now > most && !atomic_compare_exchange_weak(&live_most, &most, now))
        ;
}

/* One block at a time lies between a thread and the next; a thread that finds the place taken frees its block itself. */
static void hand_on(unsigned index, slot *one) {
    const unsigned next = (index + 1) % THREADS;
    if (atomic_load(&handed[next]) != NULL) {
        give(one);
        return;
    }
    handed_size[next] = one->size;
    atomic_store(&handed[next], one->start);
    *one = (slot){NULL, 0};
}

static void take_handed(unsigned index) {
    void *start = atomic_load(&handed[index]);
    if (start == NULL)
        return;
    give(&(slot){start, handed_size[index]});
    atomic_store(&handed[index], NULL);
}

static void wait_for_more(void) {
    pthread_mutex_lock(&mutex);
    asleep++;
    pthread_cond_broadcast(&turned);
    while (!awake)
        pthread_cond_wait(&turned, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void work(unsigned index, void *context) {
    slot slots[SLOTS] = {{NULL, 0}};
    rng random = {seed + index};
    (void)context;
    for (unsigned i = 0; i < OPS; i++) {
        slot *one = &slots[rng_below(&random, SLOTS)];
        take_handed(index);
        if (one->start != NULL && rng_below(&random, ONE_IN) == 0)
            hand_on(index, one);
        else if (one->start != NULL)
            give(one);
        size_t size = rng_log_size(&random, HIGH_BYTES);
        take(one, size < LOW_BYTES ? LOW_BYTES : size);
    }
    wait_for_more();
    take_handed(index);
    for (unsigned i = 0; i < SLOTS; i++)
        if (slots[i].start != NULL)
            give(&slots[i]);
}

static bool little_beyond_live_is_left(void) {
    return rss_bytes() <= rss_before + atomic_load(&live) + BEYOND_MOST;
}

int main(int argc, char **argv) {
    if (!rss_is_meaningful())
        check_skip("it is about the RSS");
    if (!membarrier_available())
        check_skip("without membarrier sleeping threads keep what they have");
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    rss_before = rss_bytes();
    const bool peak_known = rss_peak_reset();
    team workers;
    team_start(&workers, THREADS, work, NULL);
    pthread_mutex_lock(&mutex);
    while (asleep < THREADS)
        pthread_cond_wait(&turned, &mutex);
    pthread_mutex_unlock(&mutex);
    /* At most half of the peak may be dirty, and bins hold some blocks in addition; usually it is less. */
    if (peak_known)
        CHECK_LE(rss_peak_bytes() - rss_before, atomic_load(&live_most) / 4 * 7);
    wait_until(little_beyond_live_is_left);
    pthread_mutex_lock(&mutex);
    awake = true;
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&mutex);
    team_join(&workers);
    stats_check_returned(&before);
}
