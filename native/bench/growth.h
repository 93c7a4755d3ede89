#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include "workload.h"

bench_result bench_growth(const bench_allocator *allocator, const bench_params *params);

#endif
