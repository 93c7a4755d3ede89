/* Reads recordings in the format of docs/recording.md; fails on anything else. */
#ifndef TEST_RECORDING_H
#define TEST_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

enum { RECORDING_CALLS = 16 };

typedef struct recording {
    uint64_t calls[RECORDING_CALLS]; /* how many of each */
    uint64_t live;                   /* blocks at the end, by the order of all threads */
    uint64_t unmatched;              /* frees of blocks that are not in the file */
    uint64_t doubled;                /* allocations where another block was live */
    uint32_t threads;                /* the highest number */
    uint32_t process;
    uint32_t stopped;
    uint64_t bytes, records, shorts;
    char command[1025];
} recording;

/* False if there is no such file. */
bool recording_read(const char *path, recording *out);

#endif
