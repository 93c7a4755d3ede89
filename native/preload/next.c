#include "next.h"

#include "os/image.h"

_Static_assert(PRELOAD_NEXT_COUNT <= SS_SEALED_NEXT, "each has a place");

ss_code *preload_find_next(preload_next place, const char *name) {
    /* Relaxed: each thread finds the same function, which exists since its library was loaded. */
    ss_code *known = atomic_load_explicit(&ss_sealed_now->next[place], memory_order_relaxed);
    if (SS_LIKELY(known != NULL))
        return known;
    known = (ss_code *)ss_os_symbol_next(name);
    /* If the page cannot be opened, the next call looks it up again. */
    if (known != NULL && ss_sealed_try_open()) {
        atomic_store_explicit(&ss_sealed_now->next[place], known, memory_order_relaxed);
        ss_sealed_close();
    }
    return known;
}
