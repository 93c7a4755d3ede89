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
_Atomic uintptr_t ss_resize_base = SS_NO_BASE;
_Atomic size_t ss_headed_end = 1; /* 0 is for threads that are closed */

SS_COLD void *ss_no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

/* ---- initialisation ---- */

/* A refusal is not final: the next request tries again. What is done is not done again. */
static bool init(void) {
    ss_settings_read(&ss_process->settings);
    if (ss_process->settings.inline_only)
        atomic_store_explicit(&ss_process->keeping, SS_KEEPING_NEVER, memory_order_relaxed);
    if (ss_process->settings.huge_pages)
        ss_os_allow_huge_pages();
    ss_scavenger_init();
    ss_class_init(ss_process->classes);
    if (!ss_space_init())
        return false;
    ss_thread_init();
    return true;
}

SS_COLD void ss_process_init_slow(void) {
    /* First of all: where another thread has a lock when this one forks the child can tell by the mark. */
    ss_process_is_own();
    ss_os_copy_mark(false);
    ss_fork_handle(); /* a constructor that runs before ours may allocate */
    ss_lock_take(&ss_process->init_lock);
    bool done = atomic_load_explicit(&ss_process->init_state, memory_order_relaxed) == SS_INIT_DONE;
    bool first = !done && init();
    if (first) /* release: who sees it sees all that init wrote */
        atomic_store_explicit(&ss_process->init_state, SS_INIT_DONE, memory_order_release);
    ss_lock_release(&ss_process->init_lock);
    if (!first)
        return;
    ss_fork_handle(); /* if the thread that was at it did not come through a fork */
    ss_publish();
}
