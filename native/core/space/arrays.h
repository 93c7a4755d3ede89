/* The layout of a space's metadata arrays in their reservation. */
#ifndef SS_ARRAYS_H
#define SS_ARRAYS_H

#include "space/space.h"

static inline size_t ss_round_up(size_t value, size_t step) {
    return (value + step - 1) & ~(step - 1);
}

typedef struct ss_arrays {
    /* Offsets of the arrays, and their bytes together, for a space of its full size. The records end where the entries
     * begin. */
    size_t entries, granules, live, bytes;
    /* The part from `first` to `end` that a space of its present size needs. It grows downwards for the records, and
     * upwards for the table of live blocks. */
    size_t first, end;
} ss_arrays;

/* The layout for a space that has `bytes` of addresses and may grow to `most`. */
ss_arrays ss_arrays_of(ss_space_kind kind, size_t most, size_t bytes);

/* The bytes of the nodes of `granules` granules: those of whole SuperSlabs, because they hold the masks, and one more,
 * because the node after the last granule is read. */
size_t ss_arrays_nodes_bytes(size_t granules);

#endif
