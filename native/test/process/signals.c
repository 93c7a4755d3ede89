/* A signal handler that does not allocate may come at any instruction, a thousand times a second. */
#include "check.h"
#include "model.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { THREADS = 2, STEPS = CHECK_SCALED(600000), SIGNALS = 300 };

static atomic_uint signals;
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

static void work(unsigned index, void *context) {
    (void)context;
    model shadow;
    model_start(&shadow, seed + index, 800, index == 0 ? 3000 : 200000);
    model_step(&shadow, index == 0 ? STEPS : STEPS / 8);
    /* Until enough signals came: how long that takes is not what is tested. */
    while (atomic_load_explicit(&signals, memory_order_relaxed) < SIGNALS)
        model_step(&shadow, 100);
    model_end(&shadow);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    const struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    team_run(THREADS, work, NULL);
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    stats_check_returned(&before);
}
