/* Benchmark workloads: each a function over an allocator's vtable, deterministic in its seed. */
#ifndef SUPERSLAB_BENCH_WORKLOAD_H
#define SUPERSLAB_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_allocator {
    const char *name;
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void (*free)(void *block);
} bench_allocator;

typedef struct bench_params {
    unsigned threads;
    uint64_t ops; /* a thread */
    size_t size_min, size_max;
    size_t slots; /* a thread */
    uint64_t seed;
} bench_params;

typedef struct bench_result {
    double seconds;        /* of the timed part */
    uint64_t ops;          /* allocations and frees done in it, over all threads */
    uint64_t checksum;     /* of the sequence: equal for every allocator, or the run is void */
    const char *error;     /* NULL, or why the run is void (an allocation failed, contents changed) */
} bench_result;

typedef struct bench_workload {
    const char *name;
    const char *summary; /* one line, for help */
    bench_params defaults;
    bench_result (*run)(const bench_allocator *allocator, const bench_params *params);
} bench_workload;

/* All workloads; ends with a NULL name. */
extern const bench_workload bench_workloads[];

const bench_workload *bench_workload_find(const char *name);

#endif
