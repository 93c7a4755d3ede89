/* The control groups that the process runs in, and their limits on memory and processor time. */
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
    /* The levels with a limit on memory, innermost first: the length of each level's path within `directory`, and its
     * limit in bytes. */
    uint32_t levels;
    uint32_t length[SS_CONTAINER_LEVELS];
    uint64_t limit[SS_CONTAINER_LEVELS];
    uint32_t cpu_thousandths; /* the smallest quota, in thousandths of a processor; 0: no quota */
} ss_container;

/* A prefix of the paths of the system's files, empty outside tests, which put a directory of their own here. */
extern const char *ss_container_root;

/* Finds the groups and reads their limits. Allocates nothing. */
void ss_container_read(ss_container *container);

/* The smallest quota of processor time, in thousandths of a processor; 0: there is none. */
static inline uint32_t ss_container_cpu(const ss_container *container) {
    return container->cpu_thousandths;
}

/* The smallest limit on memory of all levels, in bytes, or SS_CONTAINER_NO_LIMIT. */
uint64_t ss_container_limit(const ss_container *container);

typedef struct ss_container_use {
    /* Of the level that is nearest to its limit, in bytes; 0 if no level has one. What is used does not count the file
     * cache that the system would drop first. */
    uint64_t used, limit;
    /* Whether some level uses at least SS_CONTAINER_NEAR_TENTHS tenths of its limit, or threads of the group waited for
     * memory for SS_CONTAINER_PRESSURE_PERCENT of the last ten seconds (version 2). */
    bool near;
} ss_container_use;

ss_container_use ss_container_look(const ss_container *container);

#endif
