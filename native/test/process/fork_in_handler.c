/* The handler of a timer's signal forks, wherever in the allocator it interrupts the only thread, as those do that start a
 * debugger. Parent and child go on with what was interrupted. The background thread is at work meanwhile.
 * Usage: fork_in_handler [FORKS] */
#include "check.h"
#include "parcel.h"
#include "stats.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = CHECK_SCALED(20), HELD = 64, STEPS_AFTER = 200, HANG_SECONDS = 240 };

static volatile sig_atomic_t forked, is_child;
static parcel *held[HELD];

static void fork_now(int signal) {
    (void)signal;
    const int saved = errno;
    const pid_t child = fork();
    if (child == 0) {
        is_child = 1;
        alarm(HANG_SECONDS);
    } else {
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            _exit(2);
        forked++;
    }
    errno = saved;
}

/* Mostly cold paths: slabs and large blocks that come and go, and trims. */
static void step(unsigned i) {
    static const size_t sizes[] = {30000, 200000, 60000, 1100000, 300, 70000};
    parcel **one = &held[i * 7 % HELD];
    if (*one != NULL)
        parcel_free(*one);
    *one = parcel_new(sizes[i % (sizeof sizes / sizeof *sizes)] + i % 1000, i);
    if (i % 128 == 0)
        superslab_trim();
}

static void release_all(void) {
    for (unsigned i = 0; i < HELD; i++)
        if (held[i] != NULL) {
            parcel_free(held[i]);
            held[i] = NULL;
        }
}

static void child_end(const superslab_stats *before, unsigned i) {
    const struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &none, NULL);
    for (unsigned end = i + STEPS_AFTER; i < end; i++)
        step(i);
    release_all();
    superslab_trim();
    stats_check_live(before, 0, 0);
    _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
    const unsigned forks = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : FORKS;
    if (CHECK_SANITIZED)
        check_skip("a sanitizer's own allocator may be what was interrupted");
    setenv("SUPERSLAB_DECAY", "20", 1);
    alarm(HANG_SECONDS);
    const superslab_stats before = stats_start();
    const struct sigaction action = {.sa_handler = fork_now, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGPROF, &action, NULL), 0);
    const struct itimerval often = {{0, 500}, {0, 500}};
    CHECK_EQ(setitimer(ITIMER_PROF, &often, NULL), 0);
    for (unsigned i = 0; (unsigned)forked < forks; i++) {
        step(i);
        if (is_child)
            child_end(&before, i);
    }
    const struct itimerval none = {{0, 0}, {0, 0}};
    CHECK_EQ(setitimer(ITIMER_PROF, &none, NULL), 0);
    release_all();
    superslab_trim();
    stats_check_returned(&before);
}
