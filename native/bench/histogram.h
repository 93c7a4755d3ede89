/* Counts of calls by their time. Values below 64 are counted exactly; above that each doubling is divided into
 * 32 parts, so that a percentile is at most a thirty-second too high. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    BENCH_HISTOGRAM_SHIFT = 5, /* parts of a doubling: 2 to the power of this */
    BENCH_HISTOGRAM_DOUBLINGS = 40,
    BENCH_HISTOGRAM_COUNTS = (BENCH_HISTOGRAM_DOUBLINGS + 2) << BENCH_HISTOGRAM_SHIFT
};

typedef struct bench_histogram {
    uint64_t calls, most; /* how many values there are, and the largest one */
    uint32_t counts[BENCH_HISTOGRAM_COUNTS];
} bench_histogram;

void bench_histogram_add(bench_histogram *histogram, uint64_t value);

/* The smallest value that at least `part` of `whole` of the values do not exceed, or up to a thirty-second more;
 * 0 without values. */
uint64_t bench_histogram_at(const bench_histogram *histogram, uint64_t part, uint64_t whole);

#endif
