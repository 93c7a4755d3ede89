#include "base/copy.h"

#include "base/lock.h"
#include "base/process.h"
#include "base/sealed.h"

static bool has_other_id(void) {
    return ss_os_process_id() !=
           atomic_load_explicit(&ss_process->life.process_id, memory_order_relaxed);
}

/* The function that mends is the front layer's, which sets it before there can be a copy. */
static bool mend(void) {
    ss_code *mend_copy = atomic_load_explicit(&ss_sealed_now->mend_copy, memory_order_relaxed);
    if (mend_copy == NULL)
        return false;
    mend_copy();
    return true;
}

bool ss_process_is_original(void) {
    return !has_other_id() || (ss_os_is_copy(false) && mend());
}

/* Number of waits between two checks for the mark. A check takes the kernel's lock of the address space, so checks are
 * rare. If the process id differs, this may be a copy, and the checks are more frequent: on a busy machine one yield may
 * last many time slices. If the id is the same there are checks as well, because a copy in a pid namespace of its own
 * may have its parent's id. Callers count their waits from 0 or from SS_LOCK_PAUSES. */
enum { WAITS_BETWEEN_CHECKS = 4 * SS_LOCK_PAUSES };

bool ss_copy_mend_lost(unsigned spins) {
    const unsigned between = has_other_id() ? SS_LOCK_PAUSES : WAITS_BETWEEN_CHECKS;
    return spins % between == 0 && ss_os_is_copy(false) && mend();
}
