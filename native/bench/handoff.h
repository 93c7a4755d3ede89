#ifndef BENCH_HANDOFF_H
#define BENCH_HANDOFF_H

#include "workload.h"

bench_result bench_handoff(const bench_allocator *allocator, const bench_params *params);
bench_result bench_handoff_pairs(const bench_allocator *allocator, const bench_params *params);

#endif
