/* The mathematics of sampling. The bytes that a program allocates are a line, on which samples are points of a Poisson
 * process: the distances between them have an exponential distribution around the mean. A block is sampled if a point
 * lies in its bytes, with the probability 1 - exp(-bytes / mean). So a sampled block stands for the reciprocal of that
 * number of blocks. */
#ifndef SS_CHANCE_H
#define SS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

/* The distance to the next point, at least 0. `state` is the generator's; 0 before the first draw. */
int64_t ss_chance_draw(uint64_t *state, size_t mean);

/* The number of blocks of that many bytes for which a sampled one stands, at least 1. */
double ss_chance_weight(size_t bytes, size_t mean);

#endif
