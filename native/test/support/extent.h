/* A shadow of the addresses that blocks occupy. */
#ifndef TEST_EXTENT_H
#define TEST_EXTENT_H

#include <stddef.h>
#include <stdint.h>

typedef struct extent {
    uintptr_t start;
    size_t bytes;
} extent;

/* No two may share a byte. Sorts them. */
void extents_check_disjoint(extent *extents, size_t count);

#endif
