#include "process.h"

#include "class.h"
#include "fork.h"
#include "publish.h"
#include "scavenger.h"
#include "sealed.h"
#include "space.h"
#include "thread.h"

#include <errno.h>

ss_process_data ss_process_state;
_Atomic uintptr_t ss_headed_base = SS_NO_BASE;
_Atomic size_t ss_headed_end = 1; /* 0 is for threads that are closed */

SS_COLD void *ss_no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

/* ---- initialisation ---- */

SS_COLD void ss_process_init_slow(void) {
    ss_fork_handle(); /* a constructor that runs before ours may allocate */
    uint32_t state = SS_INIT_NONE;
    /* Acquire: what a refused try has done is seen, and by who waits, all that init wrote. */
    if (!atomic_compare_exchange_strong_explicit(&ss_process->init_state, &state, SS_INIT_UNDER_WAY,
                                                 memory_order_acquire, memory_order_relaxed)) {
        for (unsigned spins = 0; atomic_load_explicit(&ss_process->init_state,
                                                      memory_order_acquire) == SS_INIT_UNDER_WAY;
             spins++)
            ss_lock_wait(spins);
        return;
    }
    ss_process->initialiser = ss_os_thread_token();
    ss_os_copy_mark();
    ss_settings_read(&ss_process->settings);
    if (ss_process->settings.huge_pages)
        ss_os_allow_huge_pages();
    ss_scavenger_init();
    ss_class_init(ss_process->classes);
    /* A refusal is not final: the state goes back and the next request tries again. */
    bool done = ss_space_init();
    if (done)
        ss_thread_init();
    atomic_store_explicit(&ss_process->init_state, done ? SS_INIT_DONE : SS_INIT_NONE,
                          memory_order_release);
    if (done)
        ss_publish();
}
