/* The standalone binary's command line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "workload.h"

typedef struct bench_options {
    const bench_workload *workload;
    const bench_allocator *allocator;
    bench_params params;
    unsigned repeat;
    bool list, help;
} bench_options;

extern const char bench_options_usage[];

/* False when an argument is wrong; `message` then says which and why. */
bool bench_options_parse(bench_options *options, int count, char *const *arguments, char *message,
                         size_t message_bytes);

#endif
