#ifndef BENCH_SURVIVORS_H
#define BENCH_SURVIVORS_H

#include "workload.h"

enum { BENCH_SURVIVORS_SIZE_FLOOR = 16 };

bench_result bench_survivors(const bench_allocator *allocator, const bench_params *params);

#endif
