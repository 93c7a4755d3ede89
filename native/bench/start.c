/* start: programs that end at once, as those of a build or a shell script do.
 *
 * Each thread starts superslab-bench itself, one process after the other, and each process makes 10,000 operations
 * of random-mixed with the same allocator. This measures the allocator's work before its first block and the pages
 * that it touches for a few blocks. The time is that of the processes from start to end, with the system's share;
 * the peak RSS is the largest of theirs. An empty process takes most of a millisecond. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "start.h"

#include "block.h"
#include "platform.h"
#include "team.h"

#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BENCH_START_OPS = 10000 /* of each process */,
    BENCH_PATH_BYTES = 4096,
    BENCH_ANSWER_BYTES = 4096
};

#define BENCH_PROGRAM "superslab-bench"
#define BENCH_ERROR_PROGRAM                                                                        \
    "this workload starts superslab-bench again, which is not the program here"
#define BENCH_ERROR_CHILD "a process could not be started, or failed"

extern char **environ;

static bool is_bench_program(const char *path) {
    const char *slash = strrchr(path, '/');
    return strncmp(slash != NULL ? slash + 1 : path, BENCH_PROGRAM, sizeof BENCH_PROGRAM - 1) == 0;
}

/* Reads the child's output; false if it is longer than a line of results. */
static bool read_answer(int from, char *answer) {
    size_t length = 0;
    ssize_t got;
    while (length < BENCH_ANSWER_BYTES - 1 &&
           (got = read(from, answer + length, BENCH_ANSWER_BYTES - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    return length > 0 && answer[length - 1] == '\n';
}

/* Runs the program to its end with its output in `answer`; false if it cannot be started or fails. */
static bool run_child(char *const arguments[], char *answer) {
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    pid_t child;
    const bool started = posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    const bool answered = started && read_answer(ends[0], answer);
    close(ends[0]);
    int status = 0;
    return started && waitpid(child, &status, 0) == child && status == 0 && answered;
}

/* A number of the child's line of results; 0 if the line does not have the name. */
static uint64_t number_of(const char *answer, const char *name, int base) {
    const char *found = strstr(answer, name);
    return found != NULL ? strtoull(found + strlen(name), NULL, base) : 0;
}

static void bench_start_timed(bench_worker *worker) {
    const bench_params *params = worker->params;
    char path[BENCH_PATH_BYTES], answer[BENCH_ANSWER_BYTES];
    char ops[24], sizes[48], slots[24], seed[24];
    if (!bench_program_path(path, sizeof path) || !is_bench_program(path)) {
        worker->error = BENCH_ERROR_PROGRAM;
        return;
    }
    char *name = (char *)(uintptr_t)worker->allocator->name;
    char *arguments[] = {path,  "random-mixed", "--allocator", name,     "--ops", ops, "--size",
                         sizes, "--slots",      slots,         "--seed", seed,    NULL};
    snprintf(sizes, sizeof sizes, "%zu-%zu", params->size_min, params->size_max);
    snprintf(slots, sizeof slots, "%zu", params->slots);
    for (uint64_t started = 0; worker->ops < params->ops && worker->error == NULL; started++) {
        const uint64_t left = params->ops - worker->ops;
        const uint64_t count = left < BENCH_START_OPS ? left : BENCH_START_OPS;
        snprintf(ops, sizeof ops, "%" PRIu64, count);
        snprintf(seed, sizeof seed, "%" PRIu64, params->seed + worker->index + started);
        if (!run_child(arguments, answer)) {
            worker->error = BENCH_ERROR_CHILD;
            return;
        }
        const uint64_t peak = number_of(answer, "\"peakRssBytes\":", 10);
        if (peak > worker->seen.peak_rss)
            worker->seen.peak_rss = peak;
        worker->checksum = ((worker->checksum << 1) | (worker->checksum >> 63)) +
                           number_of(answer, "\"checksum\":\"", 16);
        worker->ops += count;
    }
}

bench_result bench_start(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {.timed = bench_start_timed};
    return bench_team_run(allocator, params, &job, NULL);
}
