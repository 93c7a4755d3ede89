#ifndef BENCH_RECORDS_H
#define BENCH_RECORDS_H

#include "workload.h"

enum { BENCH_RECORDS_SIZE_FLOOR = 32 };

bench_result bench_records(const bench_allocator *allocator, const bench_params *params);

#endif
