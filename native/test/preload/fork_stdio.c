/* Threads that fork, one that flushes all files, and some that read lines, which allocates with the file's lock held. fork
 * waits for those locks after its handlers: so those must not hold what an allocation waits for.
 * Usage: fork_stdio [FORKS] */
#include "check.h"
#include "served.h"
#include "team.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FORKS = 60,
    FORKERS = 1,
    FLUSHERS = 1,
    READERS = 3,
    LINES = 12,
    HANG_SECONDS = 240,
    PAUSE_MICROSECONDS = 300
};

static atomic_bool over;
static unsigned forks = FORKS;

static void fork_often(void) {
    for (unsigned i = 0; i < forks; i++) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            alarm(HANG_SECONDS);
            served_churn(i, 20, 200000);
            _exit(EXIT_SUCCESS);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&over, true);
}

static void flush_often(void) {
    while (!atomic_load(&over)) {
        CHECK_EQ(fflush(NULL), 0);
        usleep(PAUSE_MICROSECONDS); /* the C library's locks are not fair */
    }
}

/* Each line is longer than the one before: the C library makes its block larger, from a small one to one of many
 * granules, and the file is locked meanwhile. */
static FILE *file_with_lines(void) {
    FILE *file = tmpfile();
    CHECK(file != NULL);
    for (unsigned line = 0; line < LINES; line++) {
        for (unsigned i = 0; i < 64u << line; i++)
            putc('x', file);
        putc('\n', file);
    }
    return file;
}

static void read_often(void) {
    FILE *file = file_with_lines();
    while (!atomic_load(&over)) {
        char *line = NULL;
        size_t room = 0;
        unsigned count = 0;
        rewind(file);
        for (ssize_t got; (got = getline(&line, &room, file)) > 0; count++)
            CHECK_EQ(got, (64 << count) + 1);
        CHECK_EQ(count, LINES);
        free(line);
        usleep(PAUSE_MICROSECONDS);
    }
    fclose(file);
}

static void work(unsigned index, void *unused) {
    (void)unused;
    if (index < FORKERS)
        fork_often();
    else if (index < FORKERS + FLUSHERS)
        flush_often();
    else
        read_often();
}

int main(int count, char **arguments) {
    served_api();
    if (count > 1)
        forks = (unsigned)strtoul(arguments[1], NULL, 10);
    alarm(HANG_SECONDS);
    team_run(FORKERS + FLUSHERS + READERS, work, NULL);
}
