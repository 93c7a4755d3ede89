/* The list of workloads and their defaults. Where the reports give parameters, these are the
 * reports'; a default number of operations keeps glibc busy for about half a second, so that a ratio
 * between two runs is not decided by start-up or a stray interrupt (the reports' 40,000 and 100,000
 * operations are over in milliseconds). */
#include "workload.h"

#include "churn.h"
#include "handoff.h"
#include "patterns.h"
#include "slots.h"

#include <string.h>

enum { KIB = 1024, MIB = 1024 * 1024, BENCH_SEED = 42 };

const bench_workload bench_workloads[] = {
    {
        .name = "random-mixed",
        .summary = "small blocks allocated and freed in random order",
        .threads_unit = 1,
        .defaults = {1, 10000000, 16, 1040, 8192, BENCH_SEED, false},
        .run = bench_slots_workload,
    },
    {
        .name = "mid-mt-gap",
        .summary = "blocks of 1 to 8 KiB in random order, on several threads",
        .threads_unit = 1,
        .defaults = {2, 3000000, 1 * KIB, 8 * KIB, 8192, BENCH_SEED, false},
        .run = bench_slots_workload,
    },
    {
        .name = "mid-large-mt",
        .summary = "blocks of 8 to 52 KiB in random order, on several threads",
        .threads_unit = 1,
        .defaults = {2, 1000000, 8 * KIB, 52 * KIB, 2048, BENCH_SEED, false},
        .run = bench_slots_workload,
    },
    {
        .name = "large",
        .summary = "blocks of 32 KiB to 2 MiB in random order",
        .threads_unit = 1,
        .defaults = {1, 500000, 32 * KIB, 2 * MIB, 256, BENCH_SEED, false},
        .run = bench_slots_workload,
    },
    {
        .name = "handoff",
        .summary = "one thread of a pair allocates, the other frees",
        .threads_unit = 2,
        .defaults = {2, 5000000, 16, 1040, 1024, BENCH_SEED, false},
        .run = bench_handoff,
    },
    {
        .name = "handoff-ring",
        .summary = "each thread allocates for the next and frees what the one before allocated",
        .threads_unit = 2,
        .defaults = {2, 5000000, 16, 1040, 1024, BENCH_SEED, false},
        .run = bench_handoff_ring,
    },
    {
        .name = "churn",
        .summary = "threads that start, allocate and exit; blocks outlive them",
        .threads_unit = 1,
        .defaults = {2, 5000000, 16, 1040, 1024, BENCH_SEED, false},
        .run = bench_churn,
    },
    {
        .name = "ping-pong",
        .summary = "one block at a time: allocate it, free it",
        .threads_unit = 1,
        .defaults = {1, 20000000, 16, 1040, 1, BENCH_SEED, false},
        .run = bench_burst,
    },
    {
        .name = "burst",
        .summary = "many allocations, then all their frees, again and again",
        .threads_unit = 1,
        .defaults = {1, 10000000, 16, 1040, 1024, BENCH_SEED, false},
        .run = bench_burst,
    },
    {
        .name = "interleaved",
        .summary = "bursts of eight sizes at once, freed one size after the other",
        .threads_unit = 1,
        .defaults = {1, 10000000, 16, 1040, 1024, BENCH_SEED, false},
        .run = bench_interleaved,
    },
    {.name = NULL},
};

const bench_workload *bench_workload_find(const char *name) {
    for (const bench_workload *workload = bench_workloads; workload->name != NULL; workload++)
        if (strcmp(workload->name, name) == 0)
            return workload;
    return NULL;
}

const char *bench_params_problem(const bench_workload *workload, const bench_params *params) {
    if (params->threads < 1 || params->threads > BENCH_THREADS_MAX)
        return "threads must be between 1 and 1024";
    if (params->threads % workload->threads_unit != 0)
        return "this workload needs an even number of threads";
    if (params->ops < 1 || params->ops > INT64_MAX / BENCH_THREADS_MAX)
        return "ops must be at least 1 and below 2^53";
    if (params->size_min < 1 || params->size_max > BENCH_SIZE_MAX_BYTES)
        return "sizes must be between 1 byte and 1 GiB";
    if (params->size_min > params->size_max)
        return "the smallest size must not be above the largest";
    if (params->slots < 1 || params->slots > BENCH_SLOTS_MAX)
        return "slots must be between 1 and 67108864";
    return NULL;
}
