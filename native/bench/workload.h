/* Benchmark workloads: each a function over an allocator's vtable, deterministic in its seed.
 *
 * A workload may be run any number of times in one process, from the standalone binary and from the
 * Node addon alike: it keeps no state between runs, never ends the process, and takes its own
 * bookkeeping from the system before the timed part (platform.h), so that neither the time nor the
 * layout of the allocator's heap depends on it. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

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
    uint64_t ops; /* allocations and frees, a thread */
    size_t size_min, size_max;
    size_t
        slots; /* the workload's file says what they are, and whether for each thread or in all */
    uint64_t seed;
    const char *file; /* for a workload that reads one, else NULL */
    bool markers; /* a recognisable system call on each thread before and after the timed part */
    /* Has a thread of the caller's pool call `run`, which returns when its part is done; false if it cannot. The
     * pool must have `threads` threads, because they wait for each other. NULL: the run makes its own threads. */
    bool (*start)(void *context, void (*run)(void *member), void *member);
    void *start_context;
} bench_params;

/* Figures of a workload that measures whether memory goes back; all 0 for the others. */
typedef struct bench_memory {
    uint64_t peak_live; /* the most bytes that were live at once, as they were asked for */
    uint64_t live;      /* bytes still live while the process idled the first time */
    uint64_t idle_rss;  /* resident then */
    uint64_t freed_rss; /* resident after all was freed and the process had idled again */
    uint64_t peak_rss;  /* the largest of the processes that the workload started */
    uint64_t
        own; /* bytes of the workload's own bookkeeping that count in no figure, resident throughout */
} bench_memory;

/* Live bytes, and resident bytes beyond those before the run, in the course of a long run. */
typedef struct bench_sample {
    uint64_t ops, live, resident;
} bench_sample;

enum { BENCH_SAMPLES = 128 };

typedef struct bench_series {
    unsigned count; /* 0 for workloads that take no notes during the run */
    bench_sample samples[BENCH_SAMPLES];
} bench_series;

/* Times of the first thread's calls, in nanoseconds; 0 calls for workloads that do not time them. */
typedef struct bench_latency {
    uint64_t calls;
    uint64_t median, at_999, at_9999, slowest; /* at_999: 999 calls of 1,000 took no longer */
    uint64_t over_100us, over_1ms;             /* calls */
} bench_latency;

typedef struct bench_result {
    double seconds;    /* of the timed part: first thread's start to last thread's end */
    uint64_t ops;      /* allocations and frees done in it, over all threads */
    uint64_t checksum; /* of the sequence: equal for every allocator, or the run is void */
    bench_memory memory;
    bench_series series;
    bench_latency latency;
    const char *error; /* NULL, or why the run is void (an allocation failed, contents changed) */
} bench_result;

typedef struct bench_workload {
    const char *name;
    const char *summary;   /* one line, for help */
    bool reads_file;       /* is given one by --file */
    bool is_program;       /* starts its program again, and is void in any but superslab-bench */
    unsigned threads_unit; /* `threads` must be a multiple of it */
    size_t size_floor;     /* sizes must not be below it */
    bench_params defaults;
    bench_result (*run)(const bench_allocator *allocator, const bench_params *params);
} bench_workload;

enum {
    BENCH_THREADS_MAX = 1024,
    BENCH_SIZE_MAX_BYTES = 1 << 30, /* a block's size is kept in 32 bits */
    BENCH_SLOTS_MAX = 1 << 26
};

/* All workloads but those of file_workloads.h; ends with a NULL name. */
extern const bench_workload bench_workloads[];

/* NULL when there is none of that name. */
const bench_workload *bench_workload_find(const char *name);

/* NULL, or the fault of these parameters; call it before `run`. */
const char *bench_params_problem(const bench_workload *workload, const bench_params *params);

/* The allocators that are part of the program: "superslab" and "system", which is libc's or a preloaded one.
 * Ends with a NULL name. */
extern const bench_allocator bench_allocators[];

/* NULL when there is none of that name. */
const bench_allocator *bench_allocator_find(const char *name);

#endif
