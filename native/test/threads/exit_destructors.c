/* Destructors of thread-specific values that allocate and free, before and after superslab's own: no block is lost, and
 * no state is kept for a thread that has ended. */
#include "block.h"
#include "check.h"
#include "parcel.h"
#include "stats.h"

#include <limits.h>
#include <pthread.h>

enum { THREADS = CHECK_SCALED(2000), WARM_THREADS = THREADS / 2, KEYS = 4 };

/* ThreadSanitizer ends its own part of a thread in the last round. */
enum { ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS - (CHECK_TSAN ? 1 : 0) };

static pthread_key_t keys[KEYS];
static unsigned runs;

/* Sets its key again until the system stops calling it: those rounds come after the first round of all destructors. */
static void destroy(void *value) {
    parcel *mine = value;
    const uint64_t key = mine->seed % KEYS, round = mine->seed / KEYS;
    parcel_free(mine);
    runs++;
    parcel *burst[40];
    for (unsigned i = 0; i < 40; i++)
        burst[i] = parcel_new(sizeof(parcel) + i * i * 5, i);
    for (unsigned i = 0; i < 40; i++)
        parcel_free(burst[i]);
    superslab_free(block_resize(block_new_zeroed(1, 5000), 100000));
    if (round + 1 < ROUNDS)
        pthread_setspecific(keys[key], parcel_new(200, (round + 1) * KEYS + key));
}

static void *work(void *unused) {
    (void)unused;
    for (uint64_t key = 0; key < KEYS; key++)
        pthread_setspecific(keys[key], parcel_new(100, key));
    return NULL;
}

/* Its first allocation is made by a destructor. */
static void *work_late(void *value) {
    pthread_setspecific(keys[0], value);
    return NULL;
}

int main(void) {
    /* Some keys before superslab can have made its own, some after. */
    for (int i = 0; i < KEYS / 2; i++)
        CHECK_EQ(pthread_key_create(&keys[i], destroy), 0);
    superslab_free(block_new(1));
    for (int i = KEYS / 2; i < KEYS; i++)
        CHECK_EQ(pthread_key_create(&keys[i], destroy), 0);

    const superslab_stats before = stats_start();
    superslab_stats warm = before;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (i % 4 == 0)
            CHECK_EQ(pthread_create(&thread, NULL, work_late, parcel_new(100, 0)), 0);
        else
            CHECK_EQ(pthread_create(&thread, NULL, work, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        stats_check_returned(&before);
        CHECK_EQ(stats_now().thread_count, before.thread_count);
        if (i == WARM_THREADS)
            warm = stats_now();
    }
    CHECK_GE(runs, THREADS * 2);
    const superslab_stats after = stats_now();
    CHECK_LE(after.slab_bytes, warm.slab_bytes + (2 << 20));
    CHECK_LE(after.cached_bytes, warm.cached_bytes + (1 << 20));
    CHECK_LE(after.metadata_bytes, warm.metadata_bytes + (64 << 10));
}
