/* Where the arrays of a space's metadata lie in the addresses that are reserved for them. */
#ifndef SS_ARRAYS_H
#define SS_ARRAYS_H

#include "space/space.h"

static inline size_t ss_round_up(size_t value, size_t step) {
    return (value + step - 1) & ~(step - 1);
}

typedef struct ss_arrays {
    /* Offsets, for as many addresses as the space may come to have; the records end where the entries begin. */
    size_t entries, granules, live, bytes;
    /* The part that is for those it has: the records grow down from its start, what is live up from its end. */
    size_t first, end;
} ss_arrays;

/* For a space of `bytes` addresses that may come to have `most`. */
ss_arrays ss_arrays_of(ss_space_kind kind, size_t most, size_t bytes);

/* The bytes of the nodes of so many granules. Of whole SuperSlabs, for their masks, and one more: the node after the last granule is read, and is
 * nobody's. */
size_t ss_arrays_nodes_bytes(size_t granules);

static inline void ss_count_reserved(size_t bytes) {
    atomic_fetch_add_explicit(&ss_process->reserved_bytes, bytes, memory_order_relaxed);
}

#endif
