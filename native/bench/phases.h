#ifndef BENCH_PHASES_H
#define BENCH_PHASES_H

#include "workload.h"

enum { BENCH_PHASES_SIZE_FLOOR = 16 };

bench_result bench_phases(const bench_allocator *allocator, const bench_params *params);

#endif
