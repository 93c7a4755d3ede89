/* The list of workloads and their defaults.
 *
 * Parameters are the reports' where they give them. The others were chosen so that a workload has the shape that
 * the reports describe, for these reasons:
 * - Operations: enough for a third of a second or more of glibc's time, so that a ratio between two
 *   runs is not decided by start-up, by the first touch of each page or by a stray interrupt. (The
 *   reports' 40,000 and 100,000 operations are over in milliseconds.)
 * - mid-mt-gap: the report gives 1-8 KiB and the name says threads. Four threads on one table of
 *   random-mixed's 8,192 slots: on slots of its own each thread spends a fifth of glibc's time in this
 *   program alone (an unpredictable branch, and the cache misses of touching the blocks), more than the fastest
 *   allocators need for the rest, and no other workload frees blocks of this size from other threads.
 * - mid-large-mt: 8-52 KiB and 2,048 slots are the report's; in all, divided between the threads, so
 *   that 2, 4 and 8 threads keep the same memory live and differ only in the threads. glibc is slow here because
 *   it splits and joins blocks of this size under a lock, and trims.
 * - mid-large-shared: the same on one table for all threads. The report's allocator lost most of its
 *   time to a lock taken at every free from another thread.
 * - batches, records, phases, zeroed and growth explain their sizes and slots at the top of their files. batches
 *   has two threads on either side, so that those of one side compete as well.
 * - crowd: 64 threads on two processors; 1,024 slots for each, of random-mixed's sizes, half of them occupied. A
 *   thread that is interrupted while it holds a lock keeps 63 others waiting.
 * - latency-*: enough calls for a percentile of one in 10,000; latency.c explains the slots. latency-idle has fewer,
 *   because each of its five bursts comes after 0.7 s.
 * - large: 128 slots keep some 65 MiB live, more than a level 3 cache, little beside any machine's memory;
 *   with many more slots first touches outweigh the allocator, with fewer none is ever cold. */
#include "workload.h"

#include "batches.h"
#include "churn.h"
#include "growth.h"
#include "handoff.h"
#include "kinds.h"
#include "latency.h"
#include "patterns.h"
#include "phases.h"
#include "pipeline.h"
#include "records.h"
#include "server.h"
#include "shared_slots.h"
#include "slots.h"
#include "start.h"
#include "survivors.h"

#include <string.h>

enum { KIB = 1024, MIB = 1024 * 1024 };

/* The reports' small blocks, and their seed everywhere. */
#define SMALL .size_min = 16, .size_max = 1040, .seed = 42
#define SIZES(min, max) .size_min = (min), .size_max = (max), .seed = 42

const bench_workload bench_workloads[] = {
    {
        .name = "random-mixed",
        .summary = "small blocks allocated and freed in random order",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 20000000, .slots = 8192, SMALL},
        .run = bench_own_slots,
    },
    {
        .name = "mid-mt-gap",
        .summary = "blocks of 1 to 8 KiB, any thread frees any",
        .threads_unit = 1,
        .size_floor = BENCH_SHARED_SLOTS_SIZE_FLOOR,
        .defaults = {.threads = 4, .ops = 500000, .slots = 8192, SIZES(1 * KIB, 8 * KIB)},
        .run = bench_shared_slots,
    },
    {
        .name = "mid-large-mt",
        .summary = "blocks of 8 to 52 KiB in random order, each thread its own",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 2, .ops = 2000000, .slots = 2048, SIZES(8 * KIB, 52 * KIB)},
        .run = bench_divided_slots,
    },
    {
        .name = "mid-large-shared",
        .summary = "blocks of 8 to 52 KiB, any thread frees any",
        .threads_unit = 1,
        .size_floor = BENCH_SHARED_SLOTS_SIZE_FLOOR,
        .defaults = {.threads = 2, .ops = 500000, .slots = 2048, SIZES(8 * KIB, 52 * KIB)},
        .run = bench_shared_slots,
    },
    {
        .name = "large",
        .summary = "blocks of 32 KiB to 2 MiB in random order",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 2000000, .slots = 128, SIZES(32 * KIB, 2 * MIB)},
        .run = bench_own_slots,
    },
    {
        .name = "handoff",
        .summary = "each thread allocates for the next and frees the blocks of the one before",
        .threads_unit = 2,
        .size_floor = 1,
        .defaults = {.threads = 2, .ops = 10000000, .slots = 4096, SMALL},
        .run = bench_handoff,
    },
    {
        .name = "handoff-pairs",
        .summary = "one thread of a pair allocates, the other frees",
        .threads_unit = 2,
        .size_floor = 1,
        .defaults = {.threads = 2, .ops = 1000000, .slots = 4096, SMALL},
        .run = bench_handoff_pairs,
    },
    {
        .name = "churn",
        .summary = "threads that start, allocate and exit; blocks outlive them",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 2, .ops = 3000000, .slots = 1024, SMALL},
        .run = bench_churn,
    },
    {
        .name = "ping-pong",
        .summary = "one block at a time: allocate it, free it",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 50000000, .slots = 1, SMALL},
        .run = bench_burst,
    },
    {
        .name = "burst",
        .summary = "many allocations, then all their frees, again and again",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 20000000, .slots = 1024, SMALL},
        .run = bench_burst,
    },
    {
        .name = "interleaved",
        .summary = "bursts of eight sizes at once, freed one size after the other",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 30000000, .slots = 1024, SMALL},
        .run = bench_interleaved,
    },
    {
        .name = "pipeline",
        .summary = "a burst of blocks of 256 B to 8 MiB on a pool of threads, which then waits",
        .threads_unit = 1,
        .size_floor = BENCH_PIPELINE_SIZE_FLOOR,
        .defaults = {.threads = 8, .ops = 10000, .slots = 50, SIZES(256, 8 * MIB)},
        .run = bench_pipeline,
    },
    {
        .name = "survivors",
        .summary = "1 GiB in small blocks of which one in a thousand stays",
        .threads_unit = 1,
        .size_floor = BENCH_SURVIVORS_SIZE_FLOOR,
        .defaults = {.threads = 1, .ops = 1, .slots = 1024, SIZES(100, 100 * KIB)},
        .run = bench_survivors,
    },
    {
        .name = "server",
        .summary = "each thread works with blocks of threads that have ended, and ends",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 2, .ops = 10000000, .slots = 5000, SMALL},
        .run = bench_server,
    },
    {
        .name = "batches",
        .summary =
            "threads that only allocate hand thousands of blocks at once to threads that only free",
        .threads_unit = 2,
        .size_floor = 1,
        .defaults = {.threads = 4, .ops = 8000000, .slots = 4096, SIZES(64, 64)},
        .run = bench_batches,
    },
    {
        .name = "records",
        .summary = "lists of eight blocks, which are read more than they are replaced",
        .threads_unit = 1,
        .size_floor = BENCH_RECORDS_SIZE_FLOOR,
        .defaults = {.threads = 1, .ops = 4000000, .slots = 1280, SIZES(32, 1040)},
        .run = bench_records,
    },
    {
        .name = "growth",
        .summary = "buffers that grow from 16 B to 1 MiB by realloc",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 100000, .slots = 64, SIZES(16, 1 * MIB)},
        .run = bench_growth,
    },
    {
        .name = "phases",
        .summary = "64 MiB live while the mix of sizes changes",
        .threads_unit = 1,
        .size_floor = BENCH_PHASES_SIZE_FLOOR,
        .defaults = {.threads = 1, .ops = 9000000, .slots = 64, SIZES(64, 64 * KIB)},
        .run = bench_phases,
    },
    {
        .name = "start",
        .summary = "processes that make a few allocations and end",
        .is_program = true,
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 3000000, .slots = 512, SMALL},
        .run = bench_start,
    },
    {
        .name = "zeroed",
        .summary = "calloc of 16 B to 256 KiB",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 2000000, .slots = 1024, SIZES(16, 256 * KIB)},
        .run = bench_zeroed,
    },
    {
        .name = "aligned",
        .summary = "small blocks aligned to 32 to 4,096 bytes",
        .threads_unit = 1,
        .size_floor = 1,
        .defaults = {.threads = 1, .ops = 10000000, .slots = 8192, SMALL},
        .run = bench_aligned,
    },
    {
        .name = "crowd",
        .summary = "many more threads than processors, any frees any block",
        .threads_unit = 1,
        .size_floor = BENCH_SHARED_SLOTS_SIZE_FLOOR,
        .defaults = {.threads = 64, .ops = 200000, .slots = 65536, SMALL},
        .run = bench_shared_slots,
    },
    {
        .name = "latency-bursts",
        .summary = "times of calls beside threads that fill and free 512 MiB and end",
        .threads_unit = 2,
        .size_floor = BENCH_LATENCY_SIZE_FLOOR,
        .defaults = {.threads = 2, .ops = 200000, .slots = 512, SIZES(32, 4 * MIB)},
        .run = bench_latency_bursts,
    },
    {
        .name = "latency-growth",
        .summary = "times of calls beside a thread that grows by small blocks and frees them",
        .threads_unit = 2,
        .size_floor = BENCH_LATENCY_SIZE_FLOOR,
        .defaults = {.threads = 2, .ops = 200000, .slots = 512, SIZES(32, 4 * MIB)},
        .run = bench_latency_growth,
    },
    {
        .name = "latency-ends",
        .summary = "times of calls beside threads that end with their caches full",
        .threads_unit = 2,
        .size_floor = BENCH_LATENCY_SIZE_FLOOR,
        .defaults = {.threads = 2, .ops = 200000, .slots = 512, SIZES(32, 4 * MIB)},
        .run = bench_latency_ends,
    },
    {
        .name = "latency-phases",
        .summary = "times of calls while the sizes change and all is freed in between",
        .threads_unit = 1,
        .size_floor = BENCH_LATENCY_SIZE_FLOOR,
        .defaults = {.threads = 1, .ops = 500000, .slots = 64, SIZES(256, 1 * MIB)},
        .run = bench_latency_phases,
    },
    {
        .name = "latency-idle",
        .summary = "times of calls in bursts with a pause before each",
        .threads_unit = 1,
        .size_floor = BENCH_LATENCY_SIZE_FLOOR,
        .defaults = {.threads = 1, .ops = 40000, .slots = 128, SIZES(32, 256 * KIB)},
        .run = bench_latency_idle,
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
    if (params->size_min < workload->size_floor)
        return "this workload keeps notes in its blocks: sizes must be larger";
    if (params->size_min > params->size_max)
        return "the smallest size must not be above the largest";
    if (params->slots < 1 || params->slots > BENCH_SLOTS_MAX)
        return "slots must be between 1 and 67108864";
    return NULL;
}
