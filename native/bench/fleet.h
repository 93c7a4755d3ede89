/* fleet: sizes, rates and lifetimes of a fleet's programs; see fleet.c. */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "workload.h"

/* The file is of lib/cli/bench/fleet.ts: a head, a class for each size, and FLEET_QUANTILES numbers, those of the
 * exponential distribution of mean 1. */
#define FLEET_MAGIC UINT64_C(0x5445454c46)
#define FLEET_CLASSES_MOST 65536u
#define FLEET_QUANTILES 4096u

typedef struct fleet_head {
    uint64_t magic, classes;
    double population; /* blocks that are live at once */
} fleet_head;

/* A draw is by Walker's alias method: one of all classes alike, and with that probability its alias instead. */
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
