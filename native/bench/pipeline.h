#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include "workload.h"

enum { BENCH_PIPELINE_SIZE_FLOOR = 16 };

bench_result bench_pipeline(const bench_allocator *allocator, const bench_params *params);

#endif
