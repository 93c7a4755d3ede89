/* Decides whether this process is served. */
#include "preload.h"
#include "profile.h"
#include "record.h"

#include "heap/share.h"
#include "os/image.h"
#include "window/api.h"

_Atomic uint32_t preload_mode_now;

/* The executable or a library before this one may have a malloc of its own, which the program then calls.
 * Then none of malloc's functions may come from here. */
static bool is_own_malloc(void) {
    static const char names[][8] = {"malloc", "free", "calloc", "realloc"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!ss_os_symbol_is_ours(names[i]))
            return false;
    return true;
}

SS_COLD preload_mode preload_decide(void) {
    ss_os_environment_ready();
    preload_mode mode = preload_is_wanted(is_own_malloc()) ? PRELOAD_SERVES : PRELOAD_PASSES;
    if (mode == PRELOAD_SERVES) {
        ss_share_classes();
        preload_record_begin();
        ss_api_serve_malloc();
    } else {
        ss_api_withdraw();
    }
    atomic_store_explicit(&preload_mode_now, mode, memory_order_relaxed);
    return mode;
}

/* Not unshare and setns, which do more, nor superslab's own functions. */
const char *const preload_names[] = {
    "malloc",
    "free",
    "cfree",
    "free_sized",
    "free_aligned_sized",
    "calloc",
    "realloc",
    "reallocarray",
    "aligned_alloc",
    "memalign",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "malloc_trim",
    "mallopt",
    "malloc_stats",
    "malloc_info",
    "mallinfo",
    "mallinfo2",
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};
enum { NAMES = sizeof preload_names / sizeof *preload_names };
const size_t preload_names_count = NAMES;
_Static_assert(NAMES <= SS_OS_SYMBOLS_MOST, "each has a place");

/* From here on other copies may ask, also before the first allocation. A process that is not served has no more cost
 * from here on: until now its calls went through the functions of this library. */
__attribute__((constructor)) static void decide_early(void) {
    static const char *const opening[] = {
        "dlopen"}; /* deep_bind.c conceals the other names, not this one */
    if (preload_serves()) {
        preload_record_handle_fork();
        preload_profile_begin();
    } else {
        ss_os_symbols_give_way(preload_names, NAMES);
        ss_os_symbols_give_way(opening, 1);
    }
}
