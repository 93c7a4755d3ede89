/* A fork in a handler that has interrupted superslab_trim, between parking the threads that sleep and flushing their
 * bins: the child goes on with the trim and does not have those threads. Their heaps go to the next threads, whose
 * thread records may lie where theirs did. */
#define _GNU_SOURCE
#include "check.h"
#include "sleepers.h"
#include "stats.h"
#include "team.h"

#include "heap/heap.h"

#ifdef __linux__

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLEEPERS = 3, BLOCKS = 20, SIZE = 1000, HANG_SECONDS = 120 };

static sleepers all = SLEEPERS_NONE, heirs_asleep = SLEEPERS_NONE;
static bool armed, is_child;

static void handle(int signal) {
    (void)signal;
    const pid_t child = fork();
    if (child == 0) {
        alarm(HANG_SECONDS);
        is_child = true;
        return;
    }
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static long (*next)(long number, ...);

/* In place of the C library's: the trim has parked the others when it asks for the barrier. */
long syscall(long number, ...) {
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (unsigned i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_membarrier && armed) {
        armed = false;
        raise(SIGUSR1);
    }
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                arguments[5]);
}

static void leave_cached(unsigned index, void *context) {
    void *blocks[BLOCKS];
    (void)index;
    for (unsigned i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(SIZE)) != NULL);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    sleepers_sleep(context, 1);
}

static unsigned heaps_with_threads(void) {
    unsigned count = 0;
    for (const ss_heap *heap = atomic_load(&ss_heaps->all); heap != NULL; heap = heap->next)
        count += heap->thread != NULL;
    return count;
}

static void child_end(void) {
    team heirs;
    CHECK_EQ(heaps_with_threads(), 1);
    CHECK_EQ(stats_now().thread_count, 1);
    const uint32_t heaps = ss_heaps->count;
    team_start(&heirs, SLEEPERS, leave_cached, &heirs_asleep);
    sleepers_await(&heirs_asleep, SLEEPERS);
    CHECK_EQ(heaps_with_threads(), 1 + SLEEPERS);
    CHECK_EQ(ss_heaps->count, heaps);
    superslab_trim();
    CHECK_EQ(stats_now().cached_blocks, 0);
    sleepers_wake(&heirs_asleep);
    team_join(&heirs);
    exit(EXIT_SUCCESS);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer has its own way with system calls and with forks in handlers");
    team sleeping;
    next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    CHECK(next != NULL);
    const struct sigaction action = {.sa_handler = handle};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    alarm(HANG_SECONDS);
    superslab_free(superslab_malloc(SIZE));
    team_start(&sleeping, SLEEPERS, leave_cached, &all);
    sleepers_await(&all, SLEEPERS);
    superslab_trim(); /* the barrier is known */
    sleepers_wake(&all);
    team_join(&sleeping);
    all = (sleepers)SLEEPERS_NONE;
    team_start(&sleeping, SLEEPERS, leave_cached, &all);
    sleepers_await(&all, SLEEPERS);
    armed = true;
    superslab_trim();
    CHECK(!armed);
    if (is_child)
        child_end();
    CHECK_EQ(heaps_with_threads(), 1 + SLEEPERS);
    sleepers_wake(&all);
    team_join(&sleeping);
}

#else

int main(void) {
    check_skip("the barrier is a system call on Linux alone");
}

#endif
