/* A thread is stopped by a signal at any instruction of the allocator, and another one trims before
 * it goes on: a heap in the middle of an operation is left alone. */
#include "check.h"
#include "model.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { STOPS = CHECK_SCALED(4000) };

enum { STOP_MOST_MS = 20 };

static int stops[2],
    resume[2]; /* pipes: a byte at the start and at the end of a stop; a byte to go on */
static atomic_bool finished;
static uint64_t seed;

/* Sleeps in the middle of the interrupted code until the trim is done; but only for a moment, since the thread may hold
 * the lock that the trim waits for. */
static void stop(int signal) {
    (void)signal;
    const int kept = errno;
    char byte = 0;
    struct pollfd ready = {.fd = resume[0], .events = POLLIN};
    if (write(stops[1], &byte, 1) != 1)
        _exit(9);
    if (poll(&ready, 1, STOP_MOST_MS) == 1 && read(resume[0], &byte, 1) != 1)
        _exit(9);
    if (write(stops[1], &byte, 1) != 1)
        _exit(9);
    errno = kept;
}

static void *work(void *unused) {
    (void)unused;
    model shadow;
    model_start(&shadow, seed, 600, 3000);
    while (!atomic_load_explicit(&finished, memory_order_relaxed))
        model_step(&shadow, 200);
    model_end(&shadow);
    return NULL;
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    CHECK_EQ(pipe(stops), 0);
    CHECK_EQ(pipe(resume), 0);
    CHECK_EQ(fcntl(resume[0], F_SETFL, O_NONBLOCK), 0);
    const struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    const superslab_stats before = stats_start();
    pthread_t worker;
    CHECK_EQ(pthread_create(&worker, NULL, work, NULL), 0);
    for (int i = 0; i < STOPS; i++) {
        char byte = 0;
        CHECK_EQ(pthread_kill(worker, SIGUSR1), 0);
        CHECK_EQ(read(stops[0], &byte, 1), 1);
        superslab_trim();
        CHECK_EQ(write(resume[1], &byte, 1), 1);
        CHECK_EQ(read(stops[0], &byte, 1), 1);
        while (read(resume[0], &byte, 1) == 1) /* left there if it did not wait for it */
            ;
    }
    atomic_store(&finished, true);
    CHECK_EQ(pthread_join(worker, NULL), 0);
    stats_check_returned(&before);
}
