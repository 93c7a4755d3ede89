/* SUPERSLAB_PROFILE: the file at the end, by a signal, and every so often; a file for each process; a signal that the program
 * handles itself is left to it. */
#include "check.h"
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/superslab-profile-XXXXXX", name[64];
static char *self;

/* ---- the program that is profiled ---- */

static void *keep[100];

static void allocate(void) {
    for (unsigned i = 0; i < 100; i++) {
        free(keep[i]);
        keep[i] = malloc(50000);
    }
}

static void nothing(int number) {
    (void)number;
}

static int program(const char *what) {
    allocate();
    if (strcmp(what, "signal") == 0) {
        raise(SIGUSR2);
        _exit(0);
    }
    if (strcmp(what, "reset") == 0) { /* as Node does at its start */
        signal(SIGUSR2, SIG_DFL);
        allocate();
        raise(SIGUSR2);
        _exit(0);
    }
    if (strcmp(what, "hup") == 0) {
        raise(SIGHUP);
        _exit(0);
    }
    if (strcmp(what, "own") == 0) {
        signal(SIGUSR2, nothing);
        allocate();
        raise(SIGUSR2);
        _exit(0);
    }
    if (strcmp(what, "every") == 0) {
        for (unsigned i = 0; i < 400; i++) {
            const struct timespec moment = {0, 5000000};
            allocate();
            nanosleep(&moment, NULL);
        }
        _exit(0);
    }
    if (strcmp(what, "fork") == 0) {
        const pid_t child = fork();
        if (child == 0)
            exit(0);
        waitpid(child, NULL, 0);
    }
    return 0;
}

/* ---- the test ---- */

static unsigned files;
static char last[256];

static void each_file(void (*visit)(const char *path)) {
    char command[128], line[256];
    snprintf(command, sizeof command, "ls %s/* 2>/dev/null", folder);
    FILE *list = popen(command, "r");
    CHECK(list != NULL);
    while (fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        visit(line);
    }
    pclose(list);
}

/* Whole, for this user alone, and with something in use. */
static void check_file(const char *path) {
    static char text[1 << 20];
    struct stat status;
    FILE *file = fopen(path, "r");
    CHECK_THAT(file != NULL, "%s", path);
    const size_t bytes = fread(text, 1, sizeof text - 1, file);
    text[bytes] = '\0';
    CHECK_EQ(fstat(fileno(file), &status), 0);
    fclose(file);
    CHECK_EQ(status.st_mode & 0777, 0600);
    CHECK_EQ(strncmp(text, "superslab profile 1\n", 20), 0);
    CHECK_EQ(strcmp(text + bytes - 5, "\nend\n"), 0);
    CHECK(strstr(text, "\ninterval 4096\n") != NULL);
    double used = 0, one;
    for (const char *line = text; (line = strstr(line, "\nstack ")) != NULL; line++)
        if (sscanf(line, "\nstack %*s %*s %lf", &one) == 1)
            used += one;
    CHECK_THAT(used >= 99, "%f objects are in use", used);
    files++;
    snprintf(last, sizeof last, "%s", path);
}

static void remove_file(const char *path) {
    CHECK_EQ(unlink(path), 0);
}

static void run(const char *what, const char *options, unsigned expected) {
    char value[256];
    snprintf(value, sizeof value, "%s,mean=4K%s", name, options);
    setenv("SUPERSLAB_PROFILE", value, 1);
    const child_result result = child_execute((char *[]){self, (char *)(uintptr_t)what, NULL});
    unsetenv("SUPERSLAB_PROFILE");
    child_check_clean(&result);
    files = 0;
    each_file(check_file);
    CHECK_THAT(files == expected, "%s: %u files", what, files);
    each_file(remove_file);
}

static void refused(const char *value) {
    setenv("SUPERSLAB_PROFILE", value, 1);
    const child_result result = child_execute((char *[]){self, "exit", NULL});
    unsetenv("SUPERSLAB_PROFILE");
    child_check_clean(&result);
    CHECK_THAT(strstr(result.text, "superslab: SUPERSLAB_PROFILE is ignored") != NULL, "%s",
               result.text);
    files = 0;
    each_file(check_file);
    CHECK_EQ(files, 0);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 1)
        return program(argv[1]);
#ifndef __linux__
    check_skip("there are no profiles on this system");
#endif
    CHECK(mkdtemp(folder) != NULL);
    snprintf(name, sizeof name, "%s/profile", folder);
    setenv("SUPERSLAB_CHILDREN", "all", 1);
    run("exit", "", 1);
    run("signal", "", 1);
    run("reset", "", 1);
    run("hup", ",signal=SIGHUP", 1);
    run("own", "", 0);
    run("every", ",every=1,signal=none", 1);
    run("fork", "", 2);
    refused(",mean=4096");
    refused("x,mean=0");
    refused("x,signal=KILL");
    refused("x,colour=red");
    rmdir(folder);
}
