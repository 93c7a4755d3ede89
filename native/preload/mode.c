/* Whether this process is served. */
#include "preload.h"
#include "record.h"

#include "core/api.h"
#include "core/class.h"
#include "os/image.h"

_Atomic uint32_t preload_mode_now;

/* The executable or a library before this one may bring a malloc of its own, which the program calls
 * then. A half of it must not come from here. */
static bool is_own_malloc(void) {
    static const char names[][8] = {"malloc", "free", "calloc", "realloc"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!ss_os_symbol_is_ours(names[i]))
            return false;
    return true;
}

SS_COLD preload_mode preload_decide(void) {
    ss_os_environment_ready();
    preload_mode mode = is_own_malloc() && preload_is_wanted() ? PRELOAD_SERVES : PRELOAD_PASSES;
    if (mode == PRELOAD_SERVES) {
        ss_class_share();
        preload_record_begin();
        ss_api_serve_malloc();
    } else {
        ss_api_withdraw();
    }
    atomic_store_explicit(&preload_mode_now, mode, memory_order_relaxed);
    return mode;
}

/* Other copies may ask from here on, whether or not anybody has allocated. */
__attribute__((constructor)) static void decide_early(void) {
    preload_serves();
}
