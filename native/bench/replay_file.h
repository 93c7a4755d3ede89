/* A replay's file in memory, checked: every number in it is within its table. */
#ifndef BENCH_REPLAY_FILE_H
#define BENCH_REPLAY_FILE_H

#include "replay.h"

typedef struct replay_file {
    const replay_head *head;
    const replay_thread_head *threads;
    const uint32_t *epochs; /* for each epoch, the number of threads that have operations in it */
    const replay_operation *operations;
    size_t bytes;
} replay_file;

/* NULL, or the fault of the file. The memory is from the system, resident, and as long as the file. */
const char *replay_file_open(const char *path, replay_file *file);
void replay_file_close(replay_file *file);

static inline uint64_t replay_calls(const replay_file *file) {
    return file->head->calls_low | (uint64_t)file->head->calls_high << 32;
}

#endif
