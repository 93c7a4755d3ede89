/* Pseudo-random numbers that cost little compared with an allocation: splitmix64, whose whole state is one word and
 * whose outputs are independent enough to cut two numbers out of one. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_random {
    uint64_t state;
} bench_random;

static inline uint64_t bench_random_next(bench_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A stream of its own for every (seed, stream) pair: the stream's number goes through the generator once, or thread 1
 * would repeat thread 0's numbers one step later. */
static inline bench_random bench_random_start(uint64_t seed, uint64_t stream) {
    bench_random random = {stream};
    random.state = seed ^ bench_random_next(&random);
    return random;
}

/* [0, limit) from the upper or the lower half of a draw, by multiplication: a division would cost
 * as much as a fast allocation. */
static inline size_t bench_random_upper(uint64_t draw, size_t limit) {
    return (size_t)(((draw >> 32) * (uint64_t)limit) >> 32);
}

static inline size_t bench_random_lower(uint64_t draw, size_t limit) {
    return (size_t)(((draw & UINT32_MAX) * (uint64_t)limit) >> 32);
}

#endif
