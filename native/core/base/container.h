/* The control groups that the process runs in: how much memory and how many processors they leave it. */
#ifndef SS_CONTAINER_H
#define SS_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#define SS_CONTAINER_NO_LIMIT UINT64_MAX

#define SS_CONTAINER_LEVELS 8u
#define SS_CONTAINER_PATH_BYTES 512u

typedef struct ss_container {
    bool v2;
    char directory[SS_CONTAINER_PATH_BYTES]; /* of the memory group; empty: none */
    /* The group and those around it, from the inside out: how much of `directory` is theirs. */
    uint32_t levels;
    uint32_t length[SS_CONTAINER_LEVELS];
    uint64_t limit[SS_CONTAINER_LEVELS];
    uint32_t cpu_thousandths; /* of a processor; 0: no quota */
} ss_container;

/* Where the files of the system begin: the tests put a directory of their own here. */
extern const char *ss_container_root;

/* Finds the groups and reads their limits. Allocates nothing. */
void ss_container_read(ss_container *container);

/* The smallest limit on memory of all levels. */
uint64_t ss_container_limit(const ss_container *container);

/* Whether on some level more than SS_CONTAINER_NEAR_TENTHS of the limit is used, file cache that the
 * system would drop first not counted; or threads of the group have waited for memory lately. */
bool ss_container_is_near(const ss_container *container);

#endif
