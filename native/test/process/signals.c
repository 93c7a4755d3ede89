/* A signal handler that does not allocate may come at any instruction: SIGPROF at 1 kHz, as a profiler
 * sends it, to every thread of a stress. */
#include "check.h"
#include "model.h"
#include "parcel.h"
#include "queue.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { THREADS = 4, TICKS = 800, TICK_NANOSECONDS = 1000000 };

static atomic_uint signals;
static atomic_bool finished;
static queue handoff;
static uint64_t seed;

/* Uses stack and errno as a handler may, and a little time. */
static void tick(int signal) {
    const int kept = errno;
    volatile char scratch[2048];
    for (size_t i = 0; i < sizeof scratch; i++)
        scratch[i] = (char)signal;
    errno = scratch[100];
    atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
    errno = kept;
}

static bool working(void) {
    return !atomic_load_explicit(&finished, memory_order_relaxed);
}

static void step_model(unsigned index) {
    model shadow;
    model_start(&shadow, seed + index, 800, index == 0 ? 3000 : 200000);
    while (working())
        model_step(&shadow, 100);
    model_end(&shadow);
}

static void allocate(unsigned index) {
    rng random = {seed + index};
    while (working())
        queue_put(&handoff, parcel_new(sizeof(parcel) + rng_log_size(&random, 40000), index));
    queue_put(&handoff, NULL);
}

static void free_remotely(void) {
    parcel *got;
    while ((got = queue_take(&handoff)) != NULL)
        parcel_free(got);
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < 2)
        step_model(index);
    else if (index == 2)
        allocate(index);
    else
        free_remotely();
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    const struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGPROF, &action, NULL), 0);
    team all;
    team_start(&all, THREADS, work, NULL);
    for (unsigned i = 0; i < TICKS; i++) {
        nanosleep(&(struct timespec){0, TICK_NANOSECONDS}, NULL);
        for (unsigned thread = 0; thread < THREADS; thread++)
            CHECK_EQ(pthread_kill(all.members[thread].thread, SIGPROF), 0);
    }
    atomic_store(&finished, true);
    team_join(&all);
    CHECK_GT(atomic_load(&signals), 0);
    stats_check_returned(&before);
}
