/* A constructor forks, and clones directly, while another thread is stopped in the middle of the very first allocation:
 * where the handlers of fork are registered, where the process is marked, and where the settings are read. The child
 * starts again from the beginning, and so do its own children. */
#define _GNU_SOURCE
#include "check.h"

#include "superslab.h"

#ifdef __linux__

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANG_SECONDS = 120, STACK_BYTES = 256 << 10, BLOCKS = 2000 };

extern char **environ;

/* ---- stopping the thread ---- */

enum { NOWHERE, AT_HANDLERS, AT_MARK, AT_SETTINGS, POINTS };

static _Thread_local bool is_stopped_here;
static atomic_uint point;
static atomic_bool stopped, over;

static void stop_at(unsigned where) {
    if (!is_stopped_here || atomic_load(&point) != where)
        return;
    is_stopped_here = false;
    atomic_store(&stopped, true);
    while (!atomic_load(&over))
        sched_yield();
}

extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                             void *object);
extern void *__dso_handle;

/* In place of the C library's, which the core would call. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    stop_at(AT_HANDLERS);
    return __register_atfork(prepare, parent, child, __dso_handle);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    stop_at(AT_MARK);
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

char *getenv(const char *name) {
    const size_t length = strlen(name);
    stop_at(AT_SETTINGS);
    for (char **at = environ; at != NULL && *at != NULL; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            return *at + length + 1;
    return NULL;
}

/* ---- the processes ---- */

static void use_blocks(void) {
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *block = superslab_malloc(1 + i * 97 % 100000);
        CHECK(block != NULL);
        superslab_free(block);
    }
}

static void check_end(pid_t child) {
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "at %u: status %#x",
               atomic_load(&point), (unsigned)status);
}

static int child_main(void *unused) {
    (void)unused;
    alarm(HANG_SECONDS);
    use_blocks();
    return 0;
}

static void by_fork(void) {
    const pid_t child = fork();
    if (child == 0) {
        child_main(NULL);
        const pid_t again = fork();
        if (again == 0)
            _exit(child_main(NULL));
        check_end(again);
        _exit(0);
    }
    check_end(child);
}

static void by_clone(void) {
    char *stack = malloc(STACK_BYTES);
    CHECK(stack != NULL);
    check_end(clone(child_main, stack + STACK_BYTES, SIGCHLD, NULL));
    free(stack);
}

static void *begin(void *unused) {
    (void)unused;
    is_stopped_here = true;
    use_blocks();
    return NULL;
}

#define POINT "SUPERSLAB_TEST_POINT"

/* Earlier than the library's own constructor, in the program that main runs once more for each point. */
__attribute__((constructor(101))) static void construct(void) {
    const char *where = getenv(POINT);
    if (where == NULL)
        return;
    pthread_t thread;
    alarm(HANG_SECONDS);
    atomic_store(&point, (unsigned)strtoul(where, NULL, 10));
    CHECK_EQ(pthread_create(&thread, NULL, begin, NULL), 0);
    while (!atomic_load(&stopped))
        sched_yield();
    by_fork();
    by_clone();
    atomic_store(&over, true);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    use_blocks();
    _exit(0);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer and an emulator know of fork alone");
    for (unsigned i = AT_HANDLERS; i < POINTS; i++) {
        char text[16], path[] = "/proc/self/exe";
        char *const arguments[] = {path, NULL};
        snprintf(text, sizeof text, "%u", i);
        CHECK_EQ(setenv(POINT, text, 1), 0);
        const pid_t child = fork();
        if (child == 0) {
            execv(path, arguments);
            _exit(127);
        }
        atomic_store(&point, i);
        check_end(child);
    }
}

#else

int main(void) {
    check_skip("clone is Linux's");
}

#endif
