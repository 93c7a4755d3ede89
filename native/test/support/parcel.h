/* A block that carries its own description, so that any thread that gets it can check it whole. */
#ifndef TEST_PARCEL_H
#define TEST_PARCEL_H

#include <stddef.h>
#include <stdint.h>

typedef struct parcel {
    uint64_t size; /* of the block, this header included */
    uint64_t seed;
    unsigned char contents[];
} parcel;

/* `size` at least sizeof(parcel). Its contents are marked at both ends and in the middle. */
parcel *parcel_new(size_t size, uint64_t seed);

void parcel_check(const parcel *self);

/* Checks it, then frees it. NULL is allowed. */
void parcel_free(parcel *self);

/* Checks it, resizes it and marks it again. */
parcel *parcel_resize(parcel *self, size_t size);

/* Checks it and marks it again, with another seed. */
void parcel_reseed(parcel *self, uint64_t seed);

#endif
