/* The percentiles of a histogram, on values with known percentiles. */
#include "histogram.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static bench_histogram histogram;

static void start(void) {
    memset(&histogram, 0, sizeof histogram);
}

/* Below 64 each value has a count of its own. */
static void exact(void) {
    start();
    CHECK_EQ(bench_histogram_at(&histogram, 1, 2), 0);
    for (uint64_t value = 0; value < 50; value++)
        bench_histogram_add(&histogram, value);
    CHECK_EQ(histogram.calls, 50);
    CHECK_EQ(histogram.most, 49);
    CHECK_EQ(bench_histogram_at(&histogram, 1, 2), 24); /* 25 of the 50 values are 24 or less */
    CHECK_EQ(bench_histogram_at(&histogram, 99, 100), 49);
    CHECK_EQ(bench_histogram_at(&histogram, 98, 100), 48);
    CHECK_EQ(bench_histogram_at(&histogram, 1, 50), 0);
    CHECK_EQ(bench_histogram_at(&histogram, 1, 1), 49);
}

/* One call in 10,000 is slow: p99.99 is that of the fast ones, and with one more it is the slow one's. */
static void tail(void) {
    start();
    for (unsigned i = 0; i < 9999; i++)
        bench_histogram_add(&histogram, 40);
    bench_histogram_add(&histogram, 5000000);
    CHECK_EQ(bench_histogram_at(&histogram, 9999, 10000), 40);
    CHECK_EQ(bench_histogram_at(&histogram, 1, 1), 5000000);
    bench_histogram_add(&histogram, 5000000);
    CHECK_EQ(bench_histogram_at(&histogram, 9999, 10000), 5000000);
    CHECK_EQ(bench_histogram_at(&histogram, 999, 1000), 40);
}

/* Every length is found again: not too low, and at most a thirty-second too high. */
static void wide(void) {
    for (unsigned shift = 0; shift < 45; shift++)
        for (uint64_t part = 0; part < 64; part++) {
            const uint64_t value = (UINT64_C(1) << shift) + (part << shift >> 6);
            start();
            bench_histogram_add(&histogram, value);
            bench_histogram_add(&histogram, UINT64_MAX); /* or the maximum would be the answer */
            const uint64_t found = bench_histogram_at(&histogram, 1, 2);
            CHECK_GE(found, value);
            CHECK_LE(found, value + value / 32);
        }
    CHECK_EQ(bench_histogram_at(&histogram, 1, 1), bench_histogram_at(&histogram, 2, 2));
}

static int compare(const void *left, const void *right) {
    const uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return one < other ? -1 : one > other;
}

/* Against the values in order. */
static void random_values(void) {
    enum { COUNT = 20000 };
    static uint64_t values[COUNT];
    static const unsigned parts[] = {1, 500, 900, 990, 999, 1000};
    uint64_t state = 42;
    start();
    for (unsigned i = 0; i < COUNT; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        values[i] = state >> 34 >> (state % 29);
        bench_histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof *values, compare);
    CHECK_EQ(histogram.most, values[COUNT - 1]);
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        const uint64_t right = values[COUNT / 1000 * parts[i] - 1];
        const uint64_t found = bench_histogram_at(&histogram, parts[i], 1000);
        CHECK_GE(found, right);
        CHECK_LE(found, right + right / 32);
    }
}

int main(void) {
    exact();
    tail();
    wide();
    random_values();
}
