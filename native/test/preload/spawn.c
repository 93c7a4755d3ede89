/* Other ways to a new process, from threads that allocate: posix_spawn, vfork with exec, popen. The first two start
 * this program again, which is served as well. */
#include "check.h"
#include "served.h"
#include "team.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 40, THREADS = 3, VARIABLES = 1000 };

extern char **environ;

static const char *program;
/* Preloads the library, also where popen's shell cannot load it. */
static char *environment[VARIABLES];

static void check_end(pid_t child) {
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 7);
}

static void with_spawn(void) {
    char *const arguments[] = {"spawn", "again", NULL};
    pid_t child;
    CHECK_EQ(posix_spawn(&child, program, NULL, NULL, arguments, environment), 0);
    check_end(child);
}

static void with_vfork(void) {
    const pid_t child = vfork();
    if (child == 0) {
        execle(program, "spawn", "again", (char *)NULL, environment);
        _exit(1);
    }
    check_end(child);
}

static void with_popen(void) {
    char line[16] = "";
    FILE *pipe = popen("echo seven", "r");
    CHECK(pipe != NULL);
    CHECK(fgets(line, sizeof line, pipe) != NULL);
    CHECK_EQ(pclose(pipe), 0);
    CHECK_EQ(strcmp(line, "seven\n"), 0);
}

static void work(unsigned index, void *unused) {
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        served_churn(i * THREADS + index, 300, 100000);
        (i % 3 == 0 ? with_spawn : i % 3 == 1 ? with_vfork : with_popen)();
    }
}

/* The shell is the system's. Where that has another C library than this program, as with musl's on Debian, the shell
 * cannot load the preload library and ends. */
static void prepare_shell(void) {
    unsigned count = 0;
    for (; environ[count] != NULL && count < VARIABLES - 1; count++)
        environment[count] = environ[count];
#ifndef __GLIBC__
    if (system(":") != 0)
        unsetenv("LD_PRELOAD");
#endif
}

int main(int count, char **arguments) {
    served_api();
    if (count > 1) {
        served_churn(1, 300, 100000);
        return 7;
    }
    program = arguments[0];
    prepare_shell();
    team_run(THREADS, work, NULL);
}
