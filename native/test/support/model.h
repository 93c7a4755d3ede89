/* The allocator beside a shadow of it: random operations on a set of blocks whose places, sizes and
 * contents are known. One thread at a time may step a model; it may be handed to another. */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include "rng.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct model_slot {
    unsigned char *block; /* NULL: empty */
    size_t size, alignment;
    uint64_t seed;
} model_slot;

typedef struct model {
    rng random;
    model_slot *slots;
    size_t slot_count;
    size_t size_max;
    bool may_fail; /* false unless set after the start: no request is refused */
} model;

void model_start(model *self, uint64_t seed, size_t slot_count, size_t size_max);
void model_step(model *self, uint64_t steps);

/* Checks every block. */
void model_check(const model *self);

/* Checks and frees every block. */
void model_clear(model *self);

void model_end(model *self);

/* Adds the blocks that it holds, and what they occupy. */
void model_count(const model *self, uint64_t *blocks, uint64_t *bytes);

#endif
