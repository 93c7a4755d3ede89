/* The background thread that gives back what nobody has used for a while. */
#ifndef SS_SCAVENGER_H
#define SS_SCAVENGER_H

#include "process.h"

typedef enum ss_scavenger_state {
    SS_SCAVENGER_NONE,
    SS_SCAVENGER_WANTED, /* the next thread that leaves a cold path starts it */
    SS_SCAVENGER_RUNNING,
    SS_SCAVENGER_REFUSED, /* by the system; asked again now and then */
    SS_SCAVENGER_NEVER,   /* SUPERSLAB_DECAY=-1 */
    SS_SCAVENGER_LEAVING, /* told to end by a thread that keeps it away */
    SS_SCAVENGER_AWAY     /* and has ended: that thread is at work */
} ss_scavenger_state;

/* There is none, now or once it is wanted, that would do what a call leaves. */
static inline bool ss_scavenger_is_absent(void) {
    uint32_t state = atomic_load_explicit(&ss_process->scavenger, memory_order_relaxed);
    return ss_process->settings.inline_only ||
           atomic_load_explicit(&ss_process->unhandled_copy, memory_order_relaxed) ||
           state == SS_SCAVENGER_NEVER || state == SS_SCAVENGER_REFUSED ||
           state == SS_SCAVENGER_LEAVING || state == SS_SCAVENGER_AWAY;
}

/* So many bytes could go back. Called anywhere, with locks held too. */
static inline void ss_scavenger_want(size_t bytes) {
    if (SS_LIKELY(bytes < SS_SCAVENGER_START_BYTES))
        return;
    uint32_t state = atomic_load_explicit(&ss_process->scavenger, memory_order_relaxed);
    if (SS_LIKELY(state != SS_SCAVENGER_NONE && state != SS_SCAVENGER_REFUSED))
        return;
    if (state == SS_SCAVENGER_REFUSED &&
        (atomic_fetch_add_explicit(&ss_process->scavenger_wants, 1, memory_order_relaxed) + 1) %
                SS_SCAVENGER_RETRY_WANTS !=
            0)
        return;
    if (atomic_compare_exchange_strong_explicit(&ss_process->scavenger, &state, SS_SCAVENGER_WANTED,
                                                memory_order_relaxed, memory_order_relaxed))
        /* Release: who takes the bit finds it wanted. */
        atomic_fetch_or_explicit(&ss_process->attention, SS_ATTENTION_SCAVENGER,
                                 memory_order_release);
}

/* A call has left more to give back than it may do itself: the thread does it now. */
void ss_scavenger_hurry(void);

/* Memory was committed: in a container that may be reason to look at its limit now. */
void ss_scavenger_grown(size_t bytes);

void ss_attend_slow(void);

/* The end of a cold path, with no lock held and no state in the middle of a change: starts the scavenger,
 * reports what it found wrong. The error handler may not return. */
static inline void ss_attend(void) {
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process->attention, memory_order_relaxed) != 0))
        ss_attend_slow();
}

/* A heap has freed so much into slabs. It tells in steps of SS_FREED_STEP_BYTES, and the rest when it is
 * flushed. */
void ss_scavenger_freed(size_t bytes);

/* Ends the thread and keeps it away, for what the system does for processes of one thread alone. What there was
 * before, for ss_scavenger_return; SS_SCAVENGER_NEVER if it cannot be kept away, or there is none that could be. */
ss_scavenger_state ss_scavenger_leave(void);
void ss_scavenger_return(ss_scavenger_state before);

/* In a forked child. */
void ss_scavenger_forget(void);

/* By init, once the settings are read. */
void ss_scavenger_init(void);

#endif
