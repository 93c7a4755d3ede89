/* The owner of each 16-byte step of a region, noted outside of it by all threads at once. */
#ifndef TEST_CLAIM_H
#define TEST_CLAIM_H

#include "superslab.h"

#include <stdatomic.h>

typedef struct claims {
    superslab_region *region;
    size_t bytes;
    atomic_uchar *steps;
} claims;

void claims_start(claims *self, superslab_region *region, size_t bytes);

/* Notes a block that was just taken: it holds `size` and no other thread has any of it. */
void claims_take(claims *self, uint32_t offset, size_t size);

/* Before it is given back. */
void claims_give(claims *self, uint32_t offset);

/* Checks that no thread holds a step. */
void claims_end(claims *self);

#endif
