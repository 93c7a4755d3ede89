/* States that another thread may leave to the child of a fork, or to a copy made by clone, are written into the core's
 * state as that thread would have: the child waits for none of them. */
#define _GNU_SOURCE
#include "check.h"

#include "base/biased.h"
#include "base/process.h"
#include "space/registry.h"
#include "space/span.h"
#include "window/holder.h"
#include "window/windows.h"

#ifdef __linux__

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANG_SECONDS = 120, STACK_BYTES = 256 << 10, WINDOW_BYTES = 1 << 20 };

#define ANOTHER_THREAD ((uintptr_t)0x12340000)

static char *memory, *live;
static unsigned yields;

/* In place of the C library's. */
int sched_yield(void) {
    yields++;
    return 0;
}

static ss_api_window given(void) {
    return (ss_api_window){memory, WINDOW_BYTES, WINDOW_BYTES, (uint8_t *)live};
}

/* ---- the states, and the child's calls ---- */

static void leave_lock(void) {
    atomic_store(&ss_windows->lock.held, ANOTHER_THREAD);
}
/* On a busy machine a yield may last long: a copy finds out before the first one. */
static void use_lock(void) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    CHECK_EQ(yields, 0);
}

static void leave_readers(void) {
    atomic_store(&ss_registry->readers[0], 1);
}
static void use_readers(void) {
    superslab_region *region = superslab_region_adopt(memory, WINDOW_BYTES, WINDOW_BYTES);
    CHECK(region != NULL);
    superslab_region_retire(region);
}

static uint32_t magazines[2][SS_LIVE_CLASSES * SS_MAGAZINE_WORDS];
static ss_holder *holder;

static void join_window(void) {
    const ss_api_window window = given();
    CHECK((holder = ss_window_join(&window, magazines[0])) != NULL);
}
static void leave_busy_window(void) {
    join_window();
    ss_windows->all->busy = ANOTHER_THREAD;
}
static void use_window(void) {
    const ss_api_window window = given();
    CHECK(ss_window_join(&window, magazines[1]) != NULL);
}

static void leave_visited_window(void) {
    join_window();
    ss_windows->all->visitors = 1;
}
static void end_window(void) {
    ss_window_leave(holder);
}

static void leave_claim(void) {
    ss_api_claims[5].taken = 1;
}
static void use_claim(void) {
    superslab_stats stats;
    if (ss_api_claims[5].taken != 0) { /* no handler has run: the wait for a lock has it find out */
        atomic_store(&ss_windows->lock.held, ANOTHER_THREAD);
        superslab_get_stats(&stats);
    }
    CHECK_EQ(ss_api_claims[5].taken, 0);
}

/* In the middle of a shrink, which needs no lock; and the thread that forks has the lock. */
static void leave_shrinking(void) {
    ss_biased_take(&ss_space_internal(0)->lock);
    ss_space_internal(0)->shrinking = ANOTHER_THREAD;
}
static void use_end(void) {
    ss_biased_release(&ss_space_internal(0)->lock);
    ss_span_end(ss_space_internal(0));
}

static const struct {
    const char *what;
    void (*leave)(void), (*use)(void);
} cases[] = {
    {"a lock", leave_lock, use_lock},
    {"a reader of regions", leave_readers, use_readers},
    {"a window that is being made", leave_busy_window, use_window},
    {"a visitor of a window", leave_visited_window, end_window},
    {"a claim", leave_claim, use_claim},
    {"a space that is being shrunk", leave_shrinking, use_end},
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- the processes ---- */

static unsigned now;

static int child_main(void *unused) {
    (void)unused;
    alarm(HANG_SECONDS);
    yields = 0;
    cases[now].use();
    return 0;
}

static void check_end(pid_t child, const char *how) {
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s, %s: status %#x", cases[now].what,
               how, (unsigned)status);
}

/* Leaves it in a process of its own, whose copies find it. */
static void run(void) {
    static char stack[STACK_BYTES];
    cases[now].leave();
    const pid_t child = fork();
    if (child == 0)
        _exit(child_main(NULL));
    check_end(child, "fork");
    check_end(clone(child_main, stack + STACK_BYTES, SIGCHLD, NULL), "clone");
    _exit(0);
}

static void *map(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(start != MAP_FAILED);
    return start;
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer and an emulator know of fork alone");
    memory = map(WINDOW_BYTES);
    live = map(WINDOW_BYTES >> SS_LIVE_SHIFT);
    superslab_free(superslab_malloc(1));
    for (now = 0; now < CASES; now++) {
        const pid_t child = fork();
        if (child == 0)
            run();
        check_end(child, "the process");
    }
}

#else

int main(void) {
    check_skip("clone is Linux's");
}

#endif
