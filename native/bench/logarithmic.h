/* Sizes that are spread evenly over the doublings: log-uniform, within a thousandth, by integers alone so
 * that they are the same on every machine. */
#ifndef BENCH_LOGARITHMIC_H
#define BENCH_LOGARITHMIC_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_logarithmic {
    uint64_t low, span; /* logarithms to base 2, 32 bits after the point */
    size_t min, max;
} bench_logarithmic;

/* log2 with 32 bits after the point, by squaring. */
static inline uint64_t bench_log2(uint64_t value) {
    const unsigned whole = 63 - (unsigned)__builtin_clzll(value);
    uint64_t mantissa = value << (63 - whole) >> 32; /* [1, 2), 31 bits after the point */
    uint64_t log = whole;
    for (unsigned i = 0; i < 32; i++) {
        mantissa = mantissa * mantissa >> 31;
        const unsigned carry = (unsigned)(mantissa >> 32);
        mantissa >>= carry;
        log = log << 1 | carry;
    }
    return log;
}

/* 2 to the power of a logarithm: within each of 64 steps an octave, linear. */
static inline uint64_t bench_exp2(uint64_t log) {
    /* 2^(i/64) with 31 bits after the point comes from six square roots, multiplied as the bits of i select. */
    static const uint32_t roots[6] = {0xb504f334, 0x9837f051, 0x8b95c1e4,
                                      0x85aac368, 0x82cd8699, 0x8164d1f4};
    uint64_t mantissa = UINT64_C(1) << 31;
    for (unsigned i = 0; i < 6; i++)
        if (log >> (31 - i) & 1)
            mantissa = mantissa * roots[i] >> 31;
    /* The rest is less than 1/64: 2^x is 1 + x ln 2 to within a ten-thousandth. */
    const uint64_t rest = log & ((UINT64_C(1) << 26) - 1); /* 32 bits after the point */
    mantissa += mantissa * (rest * 0x58b90bfcu >> 31) >> 32;
    const unsigned whole = (unsigned)(log >> 32);
    return whole >= 31 ? mantissa << (whole - 31) : mantissa >> (31 - whole);
}

static inline bench_logarithmic bench_logarithmic_of(size_t min, size_t max) {
    const uint64_t low = bench_log2(min);
    return (bench_logarithmic){low, bench_log2(max) - low, min, max};
}

static inline size_t bench_logarithmic_draw(const bench_logarithmic *sizes, uint64_t draw) {
    const uint64_t size =
        bench_exp2(sizes->low + (uint64_t)(((unsigned __int128)draw * (sizes->span + 1)) >> 64));
    return size < sizes->min ? sizes->min : size > sizes->max ? sizes->max : (size_t)size;
}

#endif
