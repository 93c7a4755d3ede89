/* Under a filter of system calls that kills the process at membarrier and at clone, a program runs with
 * SUPERSLAB_DECAY=inline; without it the filter would have killed it. */
#include "check.h"
#include "child.h"
#include "sandbox.h"
#include "served.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 64, BYTES = 1 << 20, ROUNDS = 40, SEED = 1 };

/* Frees enough for the thread to be wanted, and takes a space's lock often enough to become its owner. */
static void work(void) {
    served_churn(SEED, 20000, 200000);
    for (unsigned round = 0; round < ROUNDS; round++) {
        void *blocks[BLOCKS];
        for (size_t i = 0; i < BLOCKS; i++)
            CHECK((blocks[i] = malloc(BYTES)) != NULL);
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        usleep(5000);
    }
    malloc_trim(0);
}

static void execute_filtered(void *decay) {
    setenv("SUPERSLAB_DECAY", decay, 1);
    setenv("FILTERED", "1", 1);
    sandbox_kill_membarrier_and_clone();
    execl("/proc/self/exe", "filtered", (char *)NULL);
    check_fail(__FILE__, __LINE__, "exec failed");
}

int main(void) {
    if (getenv("FILTERED") != NULL) {
        work();
        return 0;
    }
    served_api();
    child_result result = child_run(execute_filtered, "500");
    if (result.signal == 0)
        child_check_clean(&result); /* skips where no filter can be set */
    CHECK_EQ(result.signal, SIGSYS);
    result = child_run(execute_filtered, "inline");
    child_check_clean(&result);
    CHECK_THAT(strcmp(result.text, "") == 0, "%s", result.text);
}
