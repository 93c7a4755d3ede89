#include "base/lock.h"

#include "base/copy.h"

/* The number of pauses and yields after which a waiting thread sleeps. A holder that has not released the lock by then
 * has a lower priority and the same processor, and a yield does not let it run. */
enum { YIELDS = 2 * SS_LOCK_PAUSES };

__attribute__((noinline, cold)) void ss_lock_wait(unsigned spins) {
    if (ss_copy_mend_lost(spins))
        return;
    if (spins < YIELDS)
        ss_os_yield();
    else
        ss_os_nap();
}
