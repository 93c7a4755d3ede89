/* While a thread is at work, the background thread wakes four times in a decay, for any work, and not more often on a
 * slow machine. */
#include "background.h"
#include "check.h"
#include "superslab.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { DECAY = 400, TICK = DECAY / 4, WATCHED = 10 * TICK, SIZES = 8, BLOCKS = 16, STEP = 6 << 10 };

static atomic_bool finished;

/* Keeps more in its bins than the thread would end with, and moves it now and then. */
static void *work(void *context) {
    void *blocks[SIZES][BLOCKS];
    (void)context;
    while (!atomic_load(&finished)) {
        for (size_t size = 0; size < SIZES; size++)
            for (size_t i = 0; i < BLOCKS; i++)
                CHECK((blocks[size][i] = superslab_malloc((size + 1) * STEP)) != NULL);
        for (size_t size = 0; size < SIZES; size++)
            for (size_t i = 0; i < BLOCKS; i++)
                superslab_free(blocks[size][i]);
        wait_idle(1);
    }
    return NULL;
}

static uint64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

typedef struct sample {
    char thread[32];
    uint64_t wakes, time;
} sample;

/* False while there is no such thread. The time is that before the sample is taken, or after. */
static bool sample_take(sample *out, bool before) {
    char text[32];
    out->time = milliseconds();
    if (!scavenger_status("Pid", out->thread, sizeof out->thread) ||
        !scavenger_status("voluntary_ctxt_switches", text, sizeof text))
        return false;
    out->wakes = strtoull(text, NULL, 10);
    out->time = before ? out->time : milliseconds();
    return true;
}

int main(void) {
    sample first, last;
    pthread_t worker;
    scavenger_must_be_visible();
    setenv("SUPERSLAB_DECAY", "400", 1);
    CHECK_EQ(pthread_create(&worker, NULL, work, NULL), 0);
    do {
        wait_until(scavenger_is_running);
        while (!sample_take(&first, true))
            wait_idle(5);
        wait_idle(WATCHED);
        /* It has ended if the machine let no thread work for two decays. */
    } while (!sample_take(&last, false) ||
             strtol(first.thread, NULL, 10) != strtol(last.thread, NULL, 10));
    /* It may also have waited for a page or a file. */
    CHECK_LE(last.wakes - first.wakes, 2 * ((last.time - first.time) / TICK + 1));
    CHECK_GE(last.wakes, 1);
    atomic_store(&finished, true);
    CHECK_EQ(pthread_join(worker, NULL), 0);
}
