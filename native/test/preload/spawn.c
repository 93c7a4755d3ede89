/* Other ways to a new process, from threads that allocate: posix_spawn, vfork with exec, popen. */
#include "check.h"
#include "served.h"
#include "team.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 40, THREADS = 3 };

extern char **environ;

static void check_end(pid_t child) {
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 7);
}

static void with_spawn(void) {
    char *const arguments[] = {"sh", "-c", "exit 7", NULL};
    pid_t child;
    CHECK_EQ(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ), 0);
    check_end(child);
}

static void with_vfork(void) {
    const pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
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

int main(void) {
    served_api();
    team_run(THREADS, work, NULL);
}
