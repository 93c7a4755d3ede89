#include "base/lock.h"

#include "base/copy.h"

/* A thread that still waits after this many yields waits for one that the system does not let run: that thread has a
 * lower priority and the same processor. The waiting thread must sleep then. */
enum { YIELDS = 2 * SS_LOCK_PAUSES };

__attribute__((noinline, cold)) void ss_lock_wait(unsigned spins) {
    if (ss_copy_mend_lost(spins))
        return;
    if (spins < YIELDS)
        ss_os_yield();
    else
        ss_os_nap();
}
