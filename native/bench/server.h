#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "workload.h"

bench_result bench_server(const bench_allocator *allocator, const bench_params *params);

#endif
