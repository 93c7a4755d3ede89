/* Handlers of fork that allocate: registered before the library's and after them, by constructors, in a process where
 * no thread had allocated before; and again while other threads allocate. */
#include "block.h"
#include "check.h"
#include "team.h"

#include "superslab.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 200, THREADS = 2, HANG_SECONDS = 240, BLOCKS = 40 };

static atomic_bool finished;
static atomic_uint calls;

static void allocate(void) {
    void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = block_new(16 + i * i * 100);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    atomic_fetch_add(&calls, 1);
}

__attribute__((constructor(101))) static void register_before(void) {
    CHECK_EQ(pthread_atfork(allocate, allocate, allocate), 0);
}

static void fork_once(unsigned handlers) {
    atomic_store(&calls, 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(HANG_SECONDS);
        CHECK_EQ(atomic_load(&calls), 2 * handlers);
        allocate();
        _exit(EXIT_SUCCESS);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(atomic_load(&calls), 2 * handlers);
}

static void work(unsigned index, void *unused) {
    (void)unused;
    for (unsigned i = index; !atomic_load_explicit(&finished, memory_order_relaxed); i++) {
        superslab_free(block_new(70000 + i % 64 * 10000));
        superslab_free(block_new(16 + i % 512 * 100));
        if (i % 64 == 0)
            superslab_trim();
    }
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip(
            "ThreadSanitizer allows a forked child no thread, and the background thread is one");
    alarm(HANG_SECONDS);
    fork_once(1); /* the first calls of all are the handlers' */
    CHECK_EQ(pthread_atfork(allocate, allocate, allocate), 0);
    team workers;
    team_start(&workers, THREADS, work, NULL);
    for (unsigned i = 0; i < CHILDREN; i++)
        fork_once(2);
    atomic_store(&finished, true);
    team_join(&workers);
}
