#include "extent.h"

#include "check.h"

#include <stdlib.h>

static int by_start(const void *left, const void *right) {
    const uintptr_t a = ((const extent *)left)->start, b = ((const extent *)right)->start;
    return (a > b) - (a < b);
}

void extents_check_disjoint(extent *extents, size_t count) {
    qsort(extents, count, sizeof *extents, by_start);
    for (size_t i = 1; i < count; i++)
        CHECK_LE(extents[i - 1].start + extents[i - 1].bytes, extents[i].start);
}
