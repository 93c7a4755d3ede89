/* Counts the paths that allocations and frees take. Only the trace build (SUPERSLAB_TRACE) counts: in every other build
 * SS_ROUTE is empty. */
#ifndef SS_ROUTE_H
#define SS_ROUTE_H

#include <stdint.h>

typedef enum ss_route {
    SS_ROUTE_MALLOC_HIT,     /* popped from the thread's bin */
    SS_ROUTE_MALLOC_REFILL,  /* the bin was empty: a batch was taken from a slab */
    SS_ROUTE_MALLOC_LARGE,   /* a span of its own */
    SS_ROUTE_MALLOC_ALIGNED, /* a headless block */
    SS_ROUTE_FREE_HIT,       /* header read, pushed on the thread's bin */
    SS_ROUTE_FREE_FLUSH,     /* header read, but the bin was full: a batch went back to its slabs */
    SS_ROUTE_FREE_HEADLESS,  /* found through the registry, pushed on a bin */
    SS_ROUTE_FREE_LARGE,     /* found through the registry, span given back */
    SS_ROUTE_FREE_FOREIGN,   /* a block of another allocator */
    SS_ROUTE_FLUSH_OWN,      /* blocks that a flush gave back to a slab this thread owns */
    SS_ROUTE_FLUSH_REMOTE,   /* blocks that a flush gave back to any other slab */
    SS_ROUTE_GUARDED_READ,   /* memory outside all spaces, read through the system */
    SS_ROUTE_COUNT
} ss_route;

#ifdef SUPERSLAB_TRACE
void ss_route_add(ss_route route, uint64_t count);
#define SS_ROUTE(route, count) ss_route_add(SS_ROUTE_##route, (count))
/* Sums over all threads, ended ones included. */
void ss_route_read(uint64_t out[SS_ROUTE_COUNT]);
/* The route's name, such as "malloc hit". */
const char *ss_route_name(ss_route route);
#else
#define SS_ROUTE(route, count) ((void)0)
#endif

#endif
