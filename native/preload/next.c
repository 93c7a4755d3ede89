#include "next.h"

#include "os/image.h"

preload_function *preload_find_next(preload_symbol *symbol, const char *name) {
    /* Relaxed: whoever finds it finds the same, and it has been there since it was loaded. */
    preload_function *known = atomic_load_explicit(&symbol->address, memory_order_relaxed);
    if (SS_LIKELY(known != NULL))
        return known;
    known = (preload_function *)ss_os_symbol_next(name);
    atomic_store_explicit(&symbol->address, known, memory_order_relaxed);
    return known;
}
