/* The preload library is the process's malloc, or passes all calls on. Before the first allocation it decides
 * whether it serves the process. If not, every function calls the next definition, and the core is never
 * initialised: no thread gets a heap and no headed range exists, so the hot paths, which do not know of the
 * decision, end in their cold ones. */
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
    /* Relaxed: every thread comes to the same decision, and nothing else depends on it. */
    uint32_t mode = atomic_load_explicit(&preload_mode_now, memory_order_relaxed);
    return (mode != PRELOAD_UNDECIDED ? mode : preload_decide()) == PRELOAD_SERVES;
}

/* The names of the functions that only pass on in a process that is not served. */
extern const char *const preload_names[];
extern const size_t preload_names_count;

/* Whether this process is the command that `superslab run` became. */
bool preload_is_command(void);

/* Whether this process is served: it is the command, or SUPERSLAB_CHILDREN includes it, and `possible`: malloc's
 * functions come from here. Ends a process that is to be served and cannot be, if SUPERSLAB_CHILDREN requires it. */
bool preload_is_wanted(bool possible);

/* ---- the statistics that are printed at exit ---- */

/* The command line, with blanks for characters that would break a line of text. */
void preload_command_line(char *text, size_t bytes);

#define PRELOAD_SUMMARY_BYTES 1024u

/* Writes one line about the process and its memory; returns its length, at most `bytes`. */
size_t preload_summary(char *text, size_t bytes);

#endif
