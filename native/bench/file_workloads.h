/* Workloads that read a file. Only the standalone benchmark can be given one, so the addon does not have them. */
#ifndef BENCH_FILE_WORKLOADS_H
#define BENCH_FILE_WORKLOADS_H

#include "workload.h"

/* Ends with a NULL name. */
extern const bench_workload bench_file_workloads[];

/* NULL when there is none of that name. */
const bench_workload *bench_file_workload_find(const char *name);

#endif
