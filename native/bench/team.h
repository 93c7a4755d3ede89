/* The threads of a run: started together, timed, and finished together. */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H

#include "workload.h"

typedef struct bench_worker {
    const bench_allocator *allocator;
    const bench_params *params;
    unsigned index;
    void *memory; /* the worker's own bookkeeping: zeroed, resident, on cache lines of its own */
    void *shared; /* the workload's argument of bench_team_run */

    /* Set by the job. */
    uint64_t ops;
    uint64_t checksum;
    bench_memory seen;
    bench_series series;   /* the first worker's is the run's */
    bench_latency latency; /* likewise */
    const char *error;

    /* Set by the team. A job that pauses for untimed work moves `started`. */
    uint64_t started, ended; /* nanoseconds */
} bench_worker;

typedef struct bench_job {
    size_t memory_bytes;           /* of each worker's `memory` */
    void (*timed)(bench_worker *); /* allocates nothing but what it measures */
    void (*drain)(
        bench_worker *); /* after every thread's timed part: frees what is left, or NULL */
} bench_job;

/* Runs the job on `params->threads` threads. One thread means the calling one: then nothing makes
 * the process multi-threaded, and an allocator that has a faster way for that case may take it. More
 * threads are all new ones.
 *
 * The result's checksum is the sum of the workers', its error the first worker's that has one. */
bench_result bench_team_run(const bench_allocator *allocator, const bench_params *params,
                            const bench_job *job, void *shared);

#endif
