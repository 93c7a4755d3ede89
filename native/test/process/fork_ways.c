/* Every way to a new process, from everywhere: {one thread, several} x {fork, vfork, posix_spawn, clone with CLONE_VM,
 * clone without} x {the handler of a signal, a handler of fork, a thread's destructor, a constructor}. The child
 * allocates and frees 10,000 blocks, forks again, and both end.
 * Usage: fork_ways [ROUNDS], each with one process of every kind; or SUPERSLAB_TEST_FORK_ROUNDS. */
#define _GNU_SOURCE
#include "check.h"
#include "team.h"

#include "superslab.h"

#ifdef __linux__

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ROUNDS = 2, BLOCKS = 10000, THREADS = 2, STACK_BYTES = 512 << 10, HANG_SECONDS = 120 };

/* ---- the child ---- */

static void use_blocks(void) {
    enum { HELD = 128 };
    void *held[HELD] = {NULL};
    for (unsigned i = 0; i < BLOCKS; i++) {
        void **one = &held[i * 31 % HELD];
        superslab_free(*one);
        const size_t size = i % 500 == 0 ? 70000 + i * 10 : 1 + i * 37 % 3000;
        CHECK((*one = superslab_malloc(size)) != NULL);
        memset(*one, (int)i, size < 64 ? size : 64);
    }
    for (unsigned i = 0; i < HELD; i++)
        superslab_free(held[i]);
}

static void check_end(pid_t child, const char *what) {
    int status;
    CHECK(child > 0);
    while (waitpid(child, &status, 0) != child)
        CHECK_EQ(errno, EINTR);
    CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %#x", what,
               (unsigned)status);
}

/* A copy beside other threads may have the C library's own locks held by threads that it does not have: its fork
 * waits for those. */
static bool forks_again = true;

static int child_main(void *unused) {
    (void)unused;
    use_blocks();
    if (!forks_again)
        return 0;
    const pid_t again = fork();
    if (again == 0) {
        alarm(HANG_SECONDS);
        use_blocks();
        _exit(0);
    }
    check_end(again, "the child's child");
    return 0;
}

/* ---- the ways ---- */

static void by_fork(void) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(HANG_SECONDS);
        _exit(child_main(NULL));
    }
    check_end(child, "fork");
}

static void by_vfork(void) {
    const pid_t child = vfork();
    if (child == 0)
        _exit(child_main(NULL));
    check_end(child, "vfork");
}

/* This program once more. */
static void by_program(char *argument, const char *what) {
    char path[] = "/proc/self/exe";
    char *const arguments[] = {path, argument, NULL};
    pid_t child;
    CHECK_EQ(posix_spawn(&child, path, NULL, NULL, arguments, environ), 0);
    check_end(child, what);
}

static void by_spawn(void) {
    char argument[] = "child";
    by_program(argument, "posix_spawn");
}

static void by_clone(int flags, const char *what) {
    char *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack != MAP_FAILED);
    check_end(clone(child_main, stack + STACK_BYTES, flags | SIGCHLD, NULL), what);
    munmap(stack, STACK_BYTES);
}

static void by_clone_shared(void) {
    by_clone(CLONE_VM | CLONE_VFORK, "clone with CLONE_VM");
}

static atomic_bool threaded;

static void by_clone_copied(void) {
    forks_again = !atomic_load(&threaded);
    by_clone(0, "clone without CLONE_VM");
    forks_again = true;
}

static void (*const ways[])(void) = {by_fork, by_vfork, by_spawn, by_clone_shared, by_clone_copied};
enum { WAYS = sizeof ways / sizeof *ways };
static unsigned way;

/* ---- the places to fork from ---- */

static void handle_signal(int signal) {
    (void)signal;
    ways[way]();
}

static void from_signal(void) {
    CHECK_EQ(raise(SIGUSR1), 0);
}

static bool in_prepare;

static void handle_prepare(void) {
    if (!in_prepare)
        return;
    in_prepare = false; /* the way may run the handlers as well */
    ways[way]();
}

static void from_prepare(void) {
    in_prepare = true;
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    check_end(child, "fork around the handler");
    CHECK(!in_prepare);
}

static pthread_key_t key;

static void destroy(void *value) {
    (void)value;
    ways[way]();
}

static void *end_with_value(void *unused) {
    (void)unused;
    superslab_free(superslab_malloc(100));
    CHECK_EQ(pthread_setspecific(key, &key), 0);
    return NULL;
}

static void from_destructor(void) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, end_with_value, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void (*const places[])(void) = {from_signal, from_prepare, from_destructor};
enum { PLACES = sizeof places / sizeof *places };

/* ---- the other threads ---- */

static atomic_bool over;

static void busy(unsigned index, void *unused) {
    (void)unused;
    for (unsigned i = index; !atomic_load_explicit(&over, memory_order_relaxed); i++) {
        void *large = superslab_malloc(70000 + i % 32 * 20000),
             *small = superslab_malloc(i % 30000);
        superslab_free(large);
        superslab_free(small);
        if (i % 256 == 0)
            superslab_trim();
    }
}

static void all_ways(void (*from)(void)) {
    for (way = 0; way < WAYS; way++) {
        alarm(HANG_SECONDS);
        from();
    }
}

static void everywhere(void) {
    for (unsigned place = 0; place < PLACES; place++)
        all_ways(places[place]);
}

static void beside_threads(void (*run)(void)) {
    team others;
    atomic_store(&over, false);
    atomic_store(&threaded, true);
    team_start(&others, THREADS, busy, NULL);
    run();
    atomic_store(&over, true);
    team_join(&others);
    atomic_store(&threaded, false);
}

/* ---- a constructor, before this program or the library has allocated anything ---- */

static void direct(void) {
    ways[way]();
}

static void from_constructor(void) {
    all_ways(direct);
}

#define CONSTRUCTOR "SUPERSLAB_TEST_CONSTRUCTOR"

/* Earlier than the library's own. The program is run once more for it. */
__attribute__((constructor(101))) static void construct(void) {
    const char *how = getenv(CONSTRUCTOR);
    if (how == NULL)
        return;
    CHECK_EQ(unsetenv(CONSTRUCTOR), 0);
    if (strcmp(how, "threads") == 0)
        beside_threads(from_constructor);
    else
        from_constructor();
    _exit(0);
}

static void run_constructor(const char *how) {
    CHECK_EQ(setenv(CONSTRUCTOR, how, 1), 0);
    alarm(2 * WAYS * HANG_SECONDS); /* it has one for each way */
    char argument[] = "child";
    by_program(argument, how);
    CHECK_EQ(unsetenv(CONSTRUCTOR), 0);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0)
        return child_main(NULL);
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer and an emulator know of fork alone");
    const char *rounds = count > 1 ? arguments[1] : getenv("SUPERSLAB_TEST_FORK_ROUNDS");
    const struct sigaction action = {.sa_handler = handle_signal};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(pthread_key_create(&key, destroy), 0);
    CHECK_EQ(pthread_atfork(handle_prepare, NULL, NULL), 0);
    for (unsigned long left = rounds != NULL ? strtoul(rounds, NULL, 10) : ROUNDS; left != 0;
         left--) {
        everywhere();
        beside_threads(everywhere);
        run_constructor("alone");
        run_constructor("threads");
    }
}

#else

int main(void) {
    check_skip("clone is Linux's");
}

#endif
