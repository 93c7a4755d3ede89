#ifndef BENCH_CHURN_H
#define BENCH_CHURN_H

#include "workload.h"

bench_result bench_churn(const bench_allocator *allocator, const bench_params *params);

#endif
