/* The loop most seed workloads share: pick a slot at random; free its block if it has one, else
 * allocate one of a random size into it. */
#ifndef BENCH_SLOTS_H
#define BENCH_SLOTS_H

#include "block.h"
#include "random.h"

typedef struct bench_slots {
    const bench_allocator *allocator;
    bench_block *blocks; /* `count` of them */
    size_t count;
    size_t size_min, size_span; /* sizes lie in [size_min, size_min + size_span) */
    bench_random random;
    uint64_t checksum;
} bench_slots;

/* Makes `ops` steps. Returns NULL, or the reason why the run is void. Every step makes one draw, whether it allocates
 * or frees. */
const char *bench_slots_run(bench_slots *slots, uint64_t ops);

/* Frees the remaining blocks. Returns NULL, or the reason why the run is void. */
const char *bench_slots_drain(bench_slots *slots);

/* The slots of one thread, empty, over zeroed memory. */
bench_slots bench_slots_start(const bench_allocator *allocator, const bench_params *params,
                              bench_block *blocks, uint64_t stream);

/* Whole workloads, each thread on slots of its own: `slots` for each, or as many in all. */
bench_result bench_own_slots(const bench_allocator *allocator, const bench_params *params);
bench_result bench_divided_slots(const bench_allocator *allocator, const bench_params *params);

#endif
