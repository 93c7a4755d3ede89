/* The time of each call of a thread, less the time for which the thread was ready and another one ran.
 *
 * The system adds up that time for each thread (the second number of schedstat, in nanoseconds). Reading it is a
 * system call, so it is read only after calls that took long, and after every pause between two calls: the waiting
 * since the last reading then belongs to this call. The processor time of the thread, read before and after each call,
 * would cost more than the call, and leave out the call's own waits: for a lock, or for another thread's change of the
 * memory map. The allocator causes those, so they stay in the time. The time that a hypervisor takes away stays in too,
 * because the system does not say from which thread. */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include "histogram.h"
#include "platform.h"
#include "workload.h"

typedef struct bench_stopwatch {
    bench_histogram times; /* nanoseconds */
    uint64_t over_100us, over_1ms;
    uint64_t began;  /* start of the present call, or the end of noting the last one */
    uint64_t waited; /* by the last reading */
    unsigned since;  /* calls since then */
    int waiting;     /* where it is read */
} bench_stopwatch;

enum {
    BENCH_LONG_NANOSECONDS = 10000, /* of a call, or between two */
    BENCH_READ_CALLS = 1024         /* shorter waits must not add up for long */
};

void bench_stopwatch_open(bench_stopwatch *watch);
void bench_stopwatch_close(bench_stopwatch *watch);

/* Out of line, beside the calls that took long. */
void bench_stopwatch_read(bench_stopwatch *watch);
void bench_stopwatch_note(bench_stopwatch *watch, uint64_t took);

static inline void bench_stopwatch_begin(bench_stopwatch *watch) {
    const uint64_t now = bench_clock_nanoseconds();
    if (now - watch->began > BENCH_LONG_NANOSECONDS || ++watch->since > BENCH_READ_CALLS)
        bench_stopwatch_read(watch);
    watch->began = bench_clock_nanoseconds();
}

static inline void bench_stopwatch_end(bench_stopwatch *watch) {
    const uint64_t now = bench_clock_nanoseconds(), took = now - watch->began;
    watch->began = now;
    if (took > BENCH_LONG_NANOSECONDS)
        bench_stopwatch_note(watch, took);
    else
        bench_histogram_add(&watch->times, took);
}

bench_latency bench_stopwatch_figures(const bench_stopwatch *watch);

#endif
