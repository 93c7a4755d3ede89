#include "stopwatch.h"

void bench_stopwatch_open(bench_stopwatch *watch) {
    watch->waiting = bench_waiting_open();
    bench_stopwatch_read(watch);
    watch->began = bench_clock_nanoseconds();
}

void bench_stopwatch_close(bench_stopwatch *watch) {
    bench_waiting_close(watch->waiting);
}

void bench_stopwatch_read(bench_stopwatch *watch) {
    watch->waited = bench_waiting_read(watch->waiting);
    watch->since = 0;
}

void bench_stopwatch_note(bench_stopwatch *watch, uint64_t took) {
    const uint64_t before = watch->waited;
    bench_stopwatch_read(watch);
    const uint64_t waited = watch->waited > before ? watch->waited - before : 0;
    took = waited < took ? took - waited : 0;
    watch->over_100us += took > 100000;
    watch->over_1ms += took > 1000000;
    bench_histogram_add(&watch->times, took);
    watch->began = bench_clock_nanoseconds();
}

bench_latency bench_stopwatch_figures(const bench_stopwatch *watch) {
    return (bench_latency){
        .calls = watch->times.calls,
        .median = bench_histogram_at(&watch->times, 1, 2),
        .at_999 = bench_histogram_at(&watch->times, 999, 1000),
        .at_9999 = bench_histogram_at(&watch->times, 9999, 10000),
        .slowest = watch->times.most,
        .over_100us = watch->over_100us,
        .over_1ms = watch->over_1ms,
    };
}
