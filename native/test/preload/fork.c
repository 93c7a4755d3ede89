/* fork 300 times in a process whose other threads allocate: each child allocates, frees what its
 * parent had, starts a thread and exits clean. */
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "served.h"
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 2, CHILDREN = 300, PARENTS = 32, HANG_SECONDS = 60 };

static atomic_bool finished;
static void *parents[PARENTS];

static void work(unsigned index, void *unused) {
    (void)unused;
    for (uint64_t seed = index; !atomic_load_explicit(&finished, memory_order_relaxed); seed += 16)
        served_churn(seed, 300, index == 0 ? 100000 : 5000);
}

static void child_work(unsigned index, void *unused) {
    (void)unused;
    served_churn(index, 200, 100000);
}

static void child_main(unsigned number) {
    alarm(HANG_SECONDS);
    served_churn(number, 100, 20000);
    for (size_t i = 0; i < PARENTS; i++) {
        CHECK(pattern_intact(parents[i], i * 700, i));
        free(parents[i]);
    }
    if (number % 8 == 0)
        team_run(2, child_work, NULL);
    if (number % 16 == 0)
        exit(EXIT_SUCCESS);
    _exit(EXIT_SUCCESS);
}

int main(void) {
    served_api();
    for (size_t i = 0; i < PARENTS; i++)
        pattern_fill(parents[i] = malloc(i * 700), i * 700, i);
    team workers;
    team_start(&workers, THREADS, work, NULL);
    for (unsigned i = 0; i < CHILDREN; i++) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            child_main(i);
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %u: status %#x", i,
                   (unsigned)status);
    }
    atomic_store(&finished, true);
    team_join(&workers);
}
