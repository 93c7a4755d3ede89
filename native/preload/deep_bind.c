/* dlopen with RTLD_DEEPBIND, as PHP opens its extensions. Such a library prefers the definitions of its own dependencies.
 * So its malloc and free would be the C library's, and its free would be given the program's blocks. Before the first
 * such library is loaded, the C library's definitions are concealed from the loader, for good: a library may be bound
 * later than it is loaded. */
#define _GNU_SOURCE
#include "next.h"

#include "os/image.h"

#include <dlfcn.h>
#include <sched.h>

#ifdef RTLD_DEEPBIND /* musl has none */

typedef void *dlopen_function(const char *file, int mode);
dlopen_function dlopen PRELOAD_EXPORT;

/* Afterwards this library itself does not find what it has not looked up yet. */
static void find_all_next(void) {
#define FIND_NEXT(name) preload_find_next(PRELOAD_NEXT_##name, #name);
    PRELOAD_NEXT_NAMES(FIND_NEXT)
#undef FIND_NEXT
}

SS_COLD static void conceal_once(void) {
    enum { NOT_YET, BEGUN, DONE };
    enum { YIELDS = 1000 };
    static _Atomic uint32_t concealed;
    uint32_t before = NOT_YET;
    /* Release and acquire: a thread that finds DONE also finds the symbols as they were made. */
    if (atomic_compare_exchange_strong_explicit(&concealed, &before, BEGUN, memory_order_acquire,
                                                memory_order_acquire)) {
        find_all_next();
        ss_os_symbols_conceal_next(preload_names, preload_names_count);
        atomic_store_explicit(&concealed, DONE, memory_order_release);
        return;
    }
    /* Not for ever: in the child of a fork the thread that began may not exist. */
    for (unsigned i = 0; i < YIELDS && before == BEGUN; i++) {
        sched_yield();
        before = atomic_load_explicit(&concealed, memory_order_acquire);
    }
}

/* The C library knows the caller by the return address: for a name without a slash it searches where the caller's object
 * says. So its function is called last, which leaves that address in place. */
void *dlopen(const char *file, int mode) {
    dlopen_function *next = PRELOAD_NEXT(dlopen, dlopen_function);
    if (next == NULL)
        return NULL;
    if ((mode & RTLD_DEEPBIND) != 0 && preload_serves())
        conceal_once();
    return next(file, mode);
}

#endif
