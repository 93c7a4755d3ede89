/* Statistics, added up while others work. */
#ifndef SS_STATS_H
#define SS_STATS_H

#include "heap/heap.h"

/* A look at all slabs and bins that is taken in portions; all 0 before it begins. */
typedef struct ss_stats_walk {
    superslab_stats stats; /* of what was seen */
    uint32_t place;        /* of the space that is looked through, in ss_registry_data.spaces */
    uint32_t granule;      /* of this space: the next one */
    bool at_heaps;         /* all spaces are done, the next heap is: */
    struct ss_heap *heap;
} ss_stats_walk;

/* One look at all slabs and bins; false if blocks went from the one to the other meanwhile. */
bool ss_stats_take(superslab_stats *out);

/* Goes on with a look at all slabs and bins by about so many entries of the registries, at least HEAP_ENTRIES; true
 * when all have been seen and the figures are whole. What changes between two portions is seen or is not. */
bool ss_stats_continue(ss_stats_walk *walk, uint32_t entries);

/* Adds what a space holds; blocks in bins and magazines count as live there. */
void ss_stats_add_space(ss_space *space, superslab_stats *out);

#endif
