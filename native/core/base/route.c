#include "base/route.h"

#ifdef SUPERSLAB_TRACE

#include <stdatomic.h>

/* One counter a route for all threads: a trace build need not be fast. */
static _Atomic uint64_t counts[SS_ROUTE_COUNT];

void ss_route_add(ss_route route, uint64_t count) {
    atomic_fetch_add_explicit(&counts[route], count, memory_order_relaxed);
}

void ss_route_read(uint64_t out[SS_ROUTE_COUNT]) {
    for (unsigned i = 0; i < SS_ROUTE_COUNT; i++)
        out[i] = atomic_load_explicit(&counts[i], memory_order_relaxed);
}

const char *ss_route_name(ss_route route) {
    static const char *const names[SS_ROUTE_COUNT] = {
        "malloc hit",   "malloc refill", "malloc large",  "malloc aligned",
        "free hit",     "free flush",    "free headless", "free large",
        "free foreign", "flush own",     "flush remote",  "guarded read",
    };
    return names[route];
}

#else

typedef int ss_route_not_traced; /* a translation unit must declare something */

#endif
