/* A handler that does not allocate may come at any instruction of threads that do. A handler that
 * allocates may come while the thread is outside the allocator: 1 kHz for a while. */
#include "check.h"
#include "served.h"
#include "team.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { THREADS = 3, TICKS = 1000, TICK_NANOSECONDS = 500000, HANDLED = 1000 };

static atomic_bool finished;
static atomic_uint signals;

static void count(int signal) {
    (void)signal;
    const int kept = errno;
    errno = 0;
    atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
    errno = kept;
}

static void work(unsigned index, void *unused) {
    (void)unused;
    for (uint64_t seed = index; !atomic_load_explicit(&finished, memory_order_relaxed); seed += 16)
        served_churn(seed, 500, index == 0 ? 1000 : 500000);
}

static void quiet_handler(void) {
    const struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
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
}

/* ---- one that allocates ---- */

static volatile sig_atomic_t handled;

static void allocate(int signal) {
    (void)signal;
    const int kept = errno;
    served_churn((uint64_t)handled, 40, 100000);
    handled = handled + 1;
    errno = kept;
}

static void allocating_handler(void) {
    const struct sigaction action = {.sa_handler = allocate, .sa_flags = SA_RESTART};
    const struct itimerval interval = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    handled = 0;
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &interval, NULL), 0);
    volatile uint64_t state = 1; /* work that calls nothing */
    while (handled < HANDLED)
        state = state * 6364136223846793005u + 1442695040888963407u;
    CHECK_EQ(setitimer(ITIMER_REAL, &none, NULL), 0);
    served_churn(42, 10000, 100000);
}

int main(void) {
    served_api();
    quiet_handler();
    allocating_handler();
}
