/* The preload library: the process's malloc, or nobody at all. Before it allocates for the first time
 * it decides whether it serves the process it finds itself in. If not, every function passes on to the
 * definition that would be there without it, and the core is never initialised: no thread gets a heap
 * and no headed range exists, so the hot paths, which know nothing of this, end in their cold ones. */
#ifndef SS_PRELOAD_H
#define SS_PRELOAD_H

#include "base/types.h"
#include "superslab.h"

#define PRELOAD_EXPORT __attribute__((visibility("default")))

/* ---- the decision ---- */

typedef enum preload_mode { PRELOAD_UNDECIDED, PRELOAD_SERVES, PRELOAD_PASSES } preload_mode;

extern _Atomic uint32_t preload_mode_now;
preload_mode preload_decide(void);

static inline bool preload_serves(void) {
    /* Relaxed: whoever decides comes to the same decision, and nothing else hangs on it. */
    uint32_t mode = atomic_load_explicit(&preload_mode_now, memory_order_relaxed);
    return (mode != PRELOAD_UNDECIDED ? mode : preload_decide()) == PRELOAD_SERVES;
}

/* Whether this process is the command that `superslab run` became. */
bool preload_is_command(void);

/* Whether the child policy, or being the command that was started, says yes. */
bool preload_is_wanted(void);

/* ---- the statistics that are printed at exit ---- */

#define PRELOAD_SUMMARY_BYTES 1024u

/* One line about the process and its heap; how long it is, at most `bytes`. */
size_t preload_summary(char *text, size_t bytes);

#endif
