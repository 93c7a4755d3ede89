/* fleet: sizes, rates and lifetimes of a fleet's programs; see fleet.c. */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "workload.h"

/* lib/cli/bench/fleet.ts writes the file: a head, a class for each size, and FLEET_QUANTILES quantiles of the exponential
 * distribution of mean 1. */
#define FLEET_MAGIC UINT64_C(0x5445454c46)
#define FLEET_CLASSES_MOST 65536u
#define FLEET_QUANTILES 4096u

typedef struct fleet_head {
    uint64_t magic, classes;
    double population; /* blocks that are live at once */
} fleet_head;

/* A draw by Walker's alias method takes any class with equal chance, or with the given probability its alias. */
typedef struct fleet_class {
    double size;       /* bytes */
    double lifetime;   /* mean, counted in allocations of all sizes */
    double keep_rate;  /* of a new block: 1 less the probability of the alias */
    double alias_rate; /* a class */
    double keep_live;  /* of a block of the first population: likewise */
    double alias_live;
} fleet_class;

bench_result bench_fleet(const bench_allocator *allocator, const bench_params *params);

#endif
