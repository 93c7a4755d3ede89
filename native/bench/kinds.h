#ifndef BENCH_KINDS_H
#define BENCH_KINDS_H

#include "workload.h"

bench_result bench_zeroed(const bench_allocator *allocator, const bench_params *params);
bench_result bench_aligned(const bench_allocator *allocator, const bench_params *params);

#endif
