#ifndef BENCH_START_H
#define BENCH_START_H

#include "workload.h"

bench_result bench_start(const bench_allocator *allocator, const bench_params *params);

#endif
