#include "base/sealed.h"

#include "base/lock.h"

_Static_assert(sizeof(ss_sealed) % SS_OS_PAGE_MAX_BYTES == 0, "nothing else lies on its pages");

static ss_lock opening;
static bool closed; /* guarded by `opening`; false until the pages are first closed */

/* Not if the system's pages are larger than SS_OS_PAGE_MAX_BYTES: then other data lies on the same page. */
static bool can_be_closed(void) {
    return SS_OS_PAGE_MAX_BYTES % ss_os_page_bytes() == 0;
}

static bool open_held(void) {
    if (closed && !ss_os_commit(&ss_sealed_state, sizeof ss_sealed_state)) {
        ss_lock_release(&opening);
        return false;
    }
    closed = false;
    return true;
}

bool ss_sealed_open(void) {
    ss_lock_take(&opening);
    return open_held();
}

bool ss_sealed_try_open(void) {
    return ss_lock_try(&opening) && open_held();
}

void ss_sealed_close(void) {
    /* If the system refuses, the pages stay writable. */
    closed = can_be_closed() && ss_os_protect(&ss_sealed_state, sizeof ss_sealed_state);
    ss_lock_release(&opening);
}

void ss_sealed_inherit(void) {
    /* Relaxed: this is the only thread. If it had the pages open itself, a signal handler forked meanwhile, and the
     * thread continues when that handler returns. */
    if (atomic_load_explicit(&opening.held, memory_order_relaxed) != 0 &&
        !ss_lock_is_mine(&opening))
        ss_sealed_close();
}
