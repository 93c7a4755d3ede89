/* fork in the middle of another thread's first call: the child's first call comes back. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "rng.h"
#include "superslab.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = CHECK_SCALED(150), HANG_SECONDS = 20 };

static atomic_bool go;

static void *first_call(void *unused) {
    (void)unused;
    while (!atomic_load_explicit(&go, memory_order_relaxed))
        ;
    superslab_free(block_new(100));
    return NULL;
}

/* In a process that has not called the allocator yet; `delay` turns of a loop lie between the other
 * thread's call and the fork. */
static void fork_during_first_call(void *delay) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, first_call, NULL), 0);
    atomic_store_explicit(&go, true, memory_order_relaxed);
    for (volatile uintptr_t i = 0; i < (uintptr_t)delay; i++)
        ;
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(HANG_SECONDS); /* a child that waits for ever ends by this signal */
        superslab_free(block_new(100));
        superslab_free(block_new(1 << 20));
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

int main(int argc, char **argv) {
    rng random = {check_seed(argc, argv, 42)};
    for (int i = 0; i < ROUNDS; i++) {
        const child_result result =
            child_run(fork_during_first_call, (void *)(uintptr_t)rng_below(&random, 40000));
        child_check_clean(&result);
    }
}
