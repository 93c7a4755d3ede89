/* Children that share their parent's memory, by vfork and by clone, free enough that the background thread is wanted.
 * They do not start it: they end at once, and the parent starts it when it needs it. A child that is a copy, made by
 * clone too, does not start it either: the thread would keep the child alive after its function has returned. */
#define _GNU_SOURCE
#include "background.h"
#include "check.h"
#include "stats.h"

#ifdef __linux__

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CACHED_NEVER = 300 << 20,
    BLOCKS = 24,
    BYTES = 1 << 20,
    STACK_BYTES = 256 << 10,
    ROUNDS = 3
};

static __attribute__((noinline)) void burst(void) {
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        *(char *)blocks[i] = 1;
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
}

static int child_main(void *unused) {
    (void)unused;
    burst();
    return CHECK_SANITIZED || scavenger_is_gone() ? 0 : 3;
}

static void check_end(pid_t child) {
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

static void with_vfork(void) {
    const pid_t child = vfork();
    if (child == 0)
        _exit(child_main(NULL));
    check_end(child);
}

static void with_clone(void) {
    char *stack = malloc(STACK_BYTES);
    CHECK(stack != NULL);
    check_end(clone(child_main, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
    free(stack);
}

/* Without the thread, too: the calls give back, but not those that a large cache serves. A hardened library has one from
 * the first free on. */
static bool has_given_back(void) {
    superslab_free(superslab_malloc(CHECK_HARDENED ? CACHED_NEVER : BYTES));
    return stats_now().dirty_bytes <= 2 * BYTES;
}

static int copy_main(void *unused) {
    for (unsigned i = 0; i < ROUNDS; i++) {
        burst();
        if (child_main(unused) != 0)
            return 3;
        wait_until(has_given_back);
    }
    return 0;
}

static void with_copy(void) {
    char *stack = malloc(STACK_BYTES);
    CHECK(stack != NULL);
    check_end(clone(copy_main, stack + STACK_BYTES, SIGCHLD, NULL));
    free(stack);
}

int main(void) {
    scavenger_must_be_visible();
    if (CHECK_SANITIZED)
        check_skip("a sanitizer's interceptors do not know of such children");
    setenv("SUPERSLAB_DECAY", "20", 1);
    superslab_free(superslab_malloc(1));
    with_copy();
    for (unsigned round = 0; round < ROUNDS; round++) {
        with_vfork();
        with_clone();
        /* The parent starts the thread that the child wanted. */
        burst();
        wait_until(scavenger_has_given_back);
        wait_until(scavenger_is_gone);
    }
}

#else

int main(void) {
    check_skip("clone is Linux's");
}

#endif
