/* Splitmix64: small, seedable, the same on every machine. */
#ifndef TEST_RNG_H
#define TEST_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;

static inline uint64_t rng_next(rng *random) {
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 0 to `limit` - 1. */
static inline size_t rng_below(rng *random, size_t limit) {
    return (size_t)(((rng_next(random) >> 32) * (uint64_t)limit) >> 32);
}

/* `low` to `high`, both included. */
static inline size_t rng_between(rng *random, size_t low, size_t high) {
    return low + rng_below(random, high - low + 1);
}

/* 1 to `high`, every power of two about as likely as every other. */
static inline size_t rng_log_size(rng *random, size_t high) {
    unsigned bits = 0;
    while (bits < 63 && ((size_t)1 << (bits + 1)) <= high)
        bits++;
    const size_t top = (size_t)1 << rng_below(random, bits + 1);
    const size_t size = top + rng_below(random, top);
    return size < high ? size : high;
}

#endif
