#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "workload.h"

/* Blocks carry a note, and a tag in their last byte. */
enum { BENCH_LATENCY_SIZE_FLOOR = 32 };

bench_result bench_latency_bursts(const bench_allocator *allocator, const bench_params *params);
bench_result bench_latency_growth(const bench_allocator *allocator, const bench_params *params);
bench_result bench_latency_ends(const bench_allocator *allocator, const bench_params *params);
bench_result bench_latency_phases(const bench_allocator *allocator, const bench_params *params);
bench_result bench_latency_idle(const bench_allocator *allocator, const bench_params *params);

#endif
