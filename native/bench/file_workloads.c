#include "file_workloads.h"

#include "fleet.h"
#include "replay.h"

#include <string.h>

/* The file gives the sizes. */
#define NO_SIZES .size_min = 1, .size_max = 1, .seed = 42

const bench_workload bench_file_workloads[] = {
    {
        .name = "replay",
        .summary = "the allocations of a program, from a recording",
        .reads_file = true,
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 2000000, .slots = 1, NO_SIZES},
        .run = bench_replay,
    },
    {
        .name = "fleet",
        .summary = "sizes, rates and lifetimes of a fleet's programs, from a profile",
        .reads_file = true,
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 3000000, .slots = 96, NO_SIZES},
        .run = bench_fleet,
    },
    {.name = NULL},
};

const bench_workload *bench_file_workload_find(const char *name) {
    for (const bench_workload *workload = bench_file_workloads; workload->name != NULL; workload++)
        if (strcmp(workload->name, name) == 0)
            return workload;
    return NULL;
}
