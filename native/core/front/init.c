#include "front/init.h"

#include "background/publish.h"
#include "background/scavenger.h"
#include "base/biased.h"
#include "base/copy.h"
#include "front/fork.h"
#include "front/lifecycle.h"
#include "guard/due.h"
#include "heap/heap.h"
#include "slab/trailer.h"

/* A refusal is not final: the next request tries again, without the steps that are done. */
static bool init(void) {
    ss_process_prepare();
    if (SS_HARDENED)
        ss_trailer_init();
    if (ss_process_is_inline())
        atomic_store_explicit(&ss_signals->keeping, SS_KEEPING_NEVER, memory_order_relaxed);
    else
        ss_os_allow_names();
    if (ss_process_allows_huge())
        ss_os_allow_huge_pages();
    ss_scavenger_init();
    if (!ss_space_init())
        return false;
    ss_lifecycle_init();
    if (!ss_process_is_inline() && ss_os_is_alone())
        ss_biased_prepare(); /* otherwise the background thread does it */
    if (ss_guard_begin(ss_process_guard_rate()))
        ss_heaps_guard();
    return true;
}

SS_COLD void ss_process_init_slow(void) {
    /* Before any lock is taken: if another thread holds a lock at a fork, the child can tell by the mark. */
    ss_process_is_original();
    ss_os_copy_mark(false);
    ss_fork_handle(); /* a constructor that runs before this library's may allocate */
    ss_lock_take(&ss_process->life.init_lock);
    bool done =
        atomic_load_explicit(&ss_process->life.init_state, memory_order_relaxed) == SS_INIT_DONE;
    bool first = !done && init();
    if (first) /* release: a thread that sees it sees all that initialisation wrote */
        atomic_store_explicit(&ss_process->life.init_state, SS_INIT_DONE, memory_order_release);
    ss_lock_release(&ss_process->life.init_lock);
    if (!first)
        return;
    ss_fork_handle(); /* again: a fork may have lost the thread that was registering the handlers */
    ss_publish();
}
