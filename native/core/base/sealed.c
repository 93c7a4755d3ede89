#include "base/sealed.h"

#include "base/lock.h"

_Static_assert(sizeof(ss_sealed) % SS_OS_PAGE_MAX_BYTES == 0, "nothing else lies on its pages");

static ss_lock opening;
static bool closed; /* under `opening`: false until the first time */

/* A page that is larger than was foreseen holds other data as well. */
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
    /* Refused, they stay writable. */
    closed = can_be_closed() && ss_os_protect(&ss_sealed_state, sizeof ss_sealed_state);
    ss_lock_release(&opening);
}

void ss_sealed_inherit(void) {
    /* Relaxed: this is the only thread. One that had it open itself goes on when its signal's handler returns. */
    if (atomic_load_explicit(&opening.held, memory_order_relaxed) != 0 &&
        !ss_lock_is_mine(&opening))
        ss_sealed_close();
}
