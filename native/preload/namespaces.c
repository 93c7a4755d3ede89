/* unshare and setns, which refuse some namespaces to a process with several threads. The background thread is not the
 * program's: where it may be the reason for a refusal it ends, and the call is repeated. Programs that make the system
 * call by its number are in docs/deployment.md, "What it costs". */
#include "background/scavenger.h"
#include "next.h"

#include <errno.h>

typedef int unshare_function(int flags);
typedef int setns_function(int file, int kind);
unshare_function unshare PRELOAD_EXPORT;
setns_function setns PRELOAD_EXPORT;

/* The state to return to, or SS_SCAVENGER_NEVER where the thread is not the reason. */
static ss_scavenger_state leave_if_refused(int result) {
    const int error = errno;
    /* EINVAL, and EUSERS for a namespace of time. */
    if (result == 0 || (error != EINVAL && error != EUSERS) || !preload_serves())
        return SS_SCAVENGER_NEVER;
    ss_scavenger_state before = ss_scavenger_leave();
    errno = error;
    return before;
}

static void return_after(ss_scavenger_state before) {
    const int error = errno;
    ss_scavenger_return(before);
    errno = error;
}

int unshare(int flags) {
    unshare_function *next = PRELOAD_NEXT(unshare, unshare_function);
    int result = next(flags);
    ss_scavenger_state before = leave_if_refused(result);
    if (before != SS_SCAVENGER_NEVER) {
        result = next(flags);
        return_after(before);
    }
    return result;
}

int setns(int file, int kind) {
    setns_function *next = PRELOAD_NEXT(setns, setns_function);
    int result = next(file, kind);
    ss_scavenger_state before = leave_if_refused(result);
    if (before != SS_SCAVENGER_NEVER) {
        result = next(file, kind);
        return_after(before);
    }
    return result;
}
