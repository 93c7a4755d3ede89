#include "histogram.h"

#define LAST ((UINT64_C(1) << (BENCH_HISTOGRAM_DOUBLINGS + BENCH_HISTOGRAM_SHIFT)) - 1)

static unsigned place_of(uint64_t value) {
    const uint64_t counted = value < LAST ? value : LAST;
    const unsigned width = 64 - (unsigned)__builtin_clzll(counted | 1);
    /* The uppermost bits: the leading one, and those that choose the part of its doubling. */
    const unsigned dropped =
        width > BENCH_HISTOGRAM_SHIFT + 1 ? width - (BENCH_HISTOGRAM_SHIFT + 1) : 0;
    return (dropped << BENCH_HISTOGRAM_SHIFT) + (unsigned)(counted >> dropped);
}

/* The largest value that is counted at an index. */
static uint64_t end_of(unsigned place) {
    const unsigned parts = 1u << BENCH_HISTOGRAM_SHIFT;
    const unsigned dropped = place < 2 * parts ? 0 : (place >> BENCH_HISTOGRAM_SHIFT) - 1;
    return ((uint64_t)(place - dropped * parts + 1) << dropped) - 1;
}

void bench_histogram_add(bench_histogram *histogram, uint64_t value) {
    histogram->calls++;
    histogram->most = value > histogram->most ? value : histogram->most;
    histogram->counts[place_of(value)]++;
}

uint64_t bench_histogram_at(const bench_histogram *histogram, uint64_t part, uint64_t whole) {
    const uint64_t rank = (histogram->calls * part + whole - 1) / whole;
    uint64_t seen = 0;
    for (unsigned place = 0; place < BENCH_HISTOGRAM_COUNTS; place++) {
        seen += histogram->counts[place];
        if (seen != 0 && seen >= rank) {
            const uint64_t end = end_of(place);
            return end < histogram->most ? end : histogram->most;
        }
    }
    return histogram->most;
}
