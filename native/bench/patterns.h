#ifndef BENCH_PATTERNS_H
#define BENCH_PATTERNS_H

#include "workload.h"

bench_result bench_burst(const bench_allocator *allocator, const bench_params *params);
bench_result bench_interleaved(const bench_allocator *allocator, const bench_params *params);

#endif
