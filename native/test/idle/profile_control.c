/* Another process of the same user asks for a profile by locks on the published page: it starts, is written, and ends with
 * the lock, also if the other process dies. */
#include "check.h"
#include "child.h"
#include "superslab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <time.h>
#include <unistd.h>

#ifndef F_OFD_SETLK
#define F_OFD_SETLK 37
#endif

static const off_t run_at = (off_t)1 << 40, write_at = (off_t)1 << 41;
enum { ANSWER_OFFSET = 4064, MEAN = 65536 };

typedef struct answer {
    uint32_t version, session, error, ticket, thread, descriptor;
} answer;

/* ---- the process that is asked ---- */

static void serve(void) {
    static void *blocks[64];
    for (unsigned i = 0;; i++) {
        superslab_free(blocks[i % 64]);
        blocks[i % 64] = superslab_malloc(100000 + i % 1000);
        if (i % 64 == 0) {
            const struct timespec moment = {0, 1000000};
            nanosleep(&moment, NULL);
        }
    }
}

/* ---- the process that asks ---- */

static int page_open(pid_t process) {
    for (int i = 0; i < 1024; i++) {
        char path[64], link[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)process, i);
        const ssize_t length = readlink(path, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        if (strcmp(link, "/memfd:superslab (deleted)") == 0)
            return open(path, O_RDONLY);
    }
    return -1;
}

static answer answer_of(int page) {
    answer now;
    CHECK_EQ(pread(page, &now, sizeof now, ANSWER_OFFSET), sizeof now);
    return now;
}

static void lock(int page, off_t start, off_t count, short type) {
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = count};
    CHECK_EQ(fcntl(page, F_OFD_SETLK, &range), 0);
}

static void pause_shortly(void) {
    const struct timespec moment = {0, 2000000};
    nanosleep(&moment, NULL);
}

/* Without a time limit: CTest has one. */
#define WAIT_UNTIL(condition)                                                                      \
    while (!(condition))                                                                           \
    pause_shortly()

static void written_check(pid_t process, int page) {
    static char text[1 << 20];
    char path[96];
    const answer now = answer_of(page);
    CHECK_EQ(now.error, SUPERSLAB_PROFILE_OK);
    snprintf(path, sizeof path, "/proc/%d/task/%u/fd/%u", (int)process, now.thread, now.descriptor);
    FILE *file = fopen(path, "r");
    CHECK_THAT(file != NULL, "%s", path);
    const size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    CHECK(strstr(text, "\ninterval 65536\n") != NULL);
    CHECK(strstr(text, "\nstack ") != NULL);
    CHECK_EQ(strcmp(text + bytes - 5, "\nend\n"), 0);
}

/* Asks, and dies with the lock. */
static void ask_and_die(int page) {
    const pid_t other = fork();
    if (other == 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", page);
        const int own = open(path, O_RDONLY);
        lock(own, run_at, MEAN, F_RDLCK);
        WAIT_UNTIL(answer_of(own).session == 1);
        raise(SIGKILL);
    }
    int status;
    CHECK_EQ(waitpid(other, &status, 0), other);
    CHECK(WIFSIGNALED(status));
}

int main(void) {
#ifndef __linux__
    check_skip("no page is published on this system");
#endif
    if (CHECK_EMULATED)
        check_skip("an emulator has the descriptors of the thread");
    const pid_t process = fork();
    if (process == 0) {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also if a check fails here */
#endif
        serve();
    }
    int page = -1;
    WAIT_UNTIL((page = page_open(process)) >= 0);
    WAIT_UNTIL(answer_of(page).version == 1);
    CHECK_EQ(answer_of(page).session, 0);
    for (uint32_t ticket = 1; ticket < 4; ticket++) {
        lock(page, run_at, MEAN, F_RDLCK);
        WAIT_UNTIL(answer_of(page).session == 1);
        for (unsigned i = 0; i < 20; i++)
            pause_shortly();
        lock(page, write_at + ticket, 1, F_RDLCK);
        WAIT_UNTIL(answer_of(page).ticket == ticket);
        written_check(process, page);
        lock(page, run_at, 0, F_UNLCK);
        WAIT_UNTIL(answer_of(page).session == 0);
    }
    ask_and_die(page);
    WAIT_UNTIL(answer_of(page).session == 0);
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
}
