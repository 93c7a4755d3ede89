#ifndef BENCH_BATCHES_H
#define BENCH_BATCHES_H

#include "workload.h"

bench_result bench_batches(const bench_allocator *allocator, const bench_params *params);

#endif
