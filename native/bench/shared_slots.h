#ifndef BENCH_SHARED_SLOTS_H
#define BENCH_SHARED_SLOTS_H

#include "workload.h"

/* The bytes that a block needs for its size and tag. */
enum { BENCH_SHARED_SLOTS_SIZE_FLOOR = 16 };

bench_result bench_shared_slots(const bench_allocator *allocator, const bench_params *params);

#endif
