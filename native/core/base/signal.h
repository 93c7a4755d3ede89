/* Signals: what the layers below the background layer tell it, and what it tells them. They are marks and counters.
 * The cold paths act on them at their ends (ss_attend), and the background thread in its ticks. */
#ifndef SS_SIGNAL_H
#define SS_SIGNAL_H

#include "base/process.h"

typedef enum ss_scavenger_state {
    SS_SCAVENGER_NONE,
    SS_SCAVENGER_WANTED, /* the next thread that leaves a cold path starts it */
    SS_SCAVENGER_RUNNING,
    SS_SCAVENGER_REFUSED, /* by the system; asked again now and then */
    SS_SCAVENGER_NEVER,   /* SUPERSLAB_DECAY=-1 */
    SS_SCAVENGER_LEAVING, /* told to end by a thread that keeps it away */
    SS_SCAVENGER_AWAY     /* and has ended: that thread is at work */
} ss_scavenger_state;

/* Whether heaps keep the slabs that they give back to; owner.h. */
typedef enum ss_keeping {
    SS_KEEPING_BY_COUNT, /* if there is one thread; until the scavenger knows more */
    SS_KEEPING_ALONE,    /* at most one heap is in use: it does */
    SS_KEEPING_AMONG,    /* several are, and a slab that one keeps another makes anew: none does */
    SS_KEEPING_NEVER     /* without a scavenger, or a barrier, nothing would let go of old slabs */
} ss_keeping;

/* What a thread that leaves a cold path must see to. */
#define SS_ATTENTION_SCAVENGER 1u /* start it */
#define SS_ATTENTION_FAULTS 2u    /* report what the scavenger found */
#define SS_ATTENTION_PUBLISH 4u   /* bring the published figures up to date */

typedef struct ss_signals_data {
    _Atomic uint32_t attention; /* SS_ATTENTION_ bits */
    _Atomic uint32_t scavenger; /* an ss_scavenger_state */
    _Atomic uint32_t wants;    /* reasons to start it since the system has refused it, and before */
    _Atomic uint32_t wakes;    /* the word it waits on, counted up to wake it */
    _Atomic bool hurry;        /* a call left more to give back than it may do itself */
    _Atomic bool publish_late; /* the scavenger is to publish, whatever else there is to do */
    _Atomic size_t freed_bytes; /* into slabs since the scavenger last looked through them */
    _Atomic size_t grown_bytes; /* committed since the container was last asked */
    _Atomic size_t bins_bytes;  /* what all bins together may hold by their limits */
    _Atomic size_t large_cache_granules; /* what all large caches together may hold */
    /* By the background layer, for those below. */
    _Atomic size_t
        grown_step;       /* growth after which the container is asked again; SIZE_MAX: no limit */
    _Atomic bool at_once; /* what is free goes back at once: no decay, or near a limit */
    _Atomic uint32_t keeping; /* an ss_keeping */
} ss_signals_data;

extern ss_signals_data ss_signals_state SS_HIDDEN;
#define ss_signals (&ss_signals_state)

/* True while there is no scavenger, now or once it is wanted, that would do what a call leaves. */
static inline bool ss_signal_is_unheard(void) {
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    return ss_process->settings.inline_only ||
           atomic_load_explicit(&ss_process->unhandled_copy, memory_order_relaxed) ||
           state == SS_SCAVENGER_NEVER || state == SS_SCAVENGER_REFUSED ||
           state == SS_SCAVENGER_LEAVING || state == SS_SCAVENGER_AWAY;
}

/* `bytes` could go back: wants the scavenger from SS_SCAVENGER_START_BYTES on. Called anywhere, with locks held too. */
void ss_signal_want_slow(void);
static inline void ss_signal_want(size_t bytes) {
    if (SS_LIKELY(bytes < SS_SCAVENGER_START_BYTES))
        return;
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    if (SS_UNLIKELY(state == SS_SCAVENGER_NONE || state == SS_SCAVENGER_REFUSED))
        ss_signal_want_slow();
}

/* A call has left more to give back than it may do itself: the scavenger does it now. */
void ss_signal_hurry(void);

/* Memory was committed: in a container that may be reason to look at its limit now. */
void ss_signal_grown(size_t bytes);

/* A heap has freed `bytes` into slabs. It tells in steps of SS_FREED_STEP_BYTES, and the rest when it is flushed. */
void ss_signal_freed(size_t bytes);

/* Wakes the scavenger. */
void ss_signal_wake(void);

/* The published figures are due: the next cold path brings them up to date. Relaxed: whatever else is seen. */
static inline void ss_signal_publish(void) {
    atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_PUBLISH, memory_order_relaxed);
}

/* The figures are due though the program may do no more: the scavenger publishes them. */
void ss_signal_publish_late(void);

#endif
