/* Statistics, added up while other threads work. */
#ifndef SS_STATS_H
#define SS_STATS_H

#include "heap/heap.h"

/* A walk over all slabs and bins in portions; all 0 before it begins. */
typedef struct ss_stats_walk {
    superslab_stats stats; /* of what was visited so far */
    uint32_t place;        /* of the current space, in ss_registry_data.spaces */
    uint32_t granule;      /* the next one in this space */
    bool at_heaps;         /* all spaces are done, and `heap` is the next heap */
    struct ss_heap *heap;
} ss_stats_walk;

/* Adds up all slabs and bins. False if a parker moved blocks from bins to slabs meanwhile: take them again. */
bool ss_stats_take(superslab_stats *out);

/* Continues a walk by about `entries` entries of the registries, at least HEAP_ENTRIES. True when the walk is complete.
 * A change between two portions may be counted or not. */
bool ss_stats_continue(ss_stats_walk *walk, uint32_t entries);

/* The part of large_bytes that is in large caches. It is not taken at the same moment as the other figures. */
uint64_t ss_stats_large_cached(void);

/* Adds the figures of a space. Blocks in bins and magazines count as live there. */
void ss_stats_add_space(ss_space *space, superslab_stats *out);

#endif
