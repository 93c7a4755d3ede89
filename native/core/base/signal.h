/* Signals: marks and counters by which the layers below the background layer tell it of work, and by which it tells
 * them. Cold paths act on them at their ends (ss_attend), the scavenger in its ticks. They are a letter box: unlike
 * other structures' fields, each is written by any layer that has something to tell. */
#ifndef SS_SIGNAL_H
#define SS_SIGNAL_H

#include "base/process.h"

typedef enum ss_scavenger_state {
    SS_SCAVENGER_NONE,
    SS_SCAVENGER_WANTED, /* the next thread that leaves a cold path starts it */
    SS_SCAVENGER_RUNNING,
    SS_SCAVENGER_REFUSED, /* by the system, which is asked again after SS_SCAVENGER_RETRY_WANTS reasons */
    SS_SCAVENGER_NEVER,   /* SUPERSLAB_DECAY=-1 */
    SS_SCAVENGER_LEAVING, /* a thread has told it to end, and waits for that */
    SS_SCAVENGER_AWAY     /* it has ended, and that thread still keeps it away */
} ss_scavenger_state;

/* Whether heaps keep slabs that they have given blocks back to; owner.h. */
typedef enum ss_keeping {
    SS_KEEPING_BY_COUNT, /* if there is one thread; until the scavenger has counted heaps in use */
    SS_KEEPING_ALONE,    /* yes: at most one heap is in use */
    SS_KEEPING_AMONG, /* no: several heaps are in use, and one would make anew what another keeps */
    SS_KEEPING_NEVER  /* no: without a scavenger or a barrier nothing would release old slabs */
} ss_keeping;

/* Bits of `attention`: work for the next thread that leaves a cold path. */
#define SS_ATTENTION_SCAVENGER 1u /* start it */
#define SS_ATTENTION_FAULTS 2u    /* report what the scavenger found */
#define SS_ATTENTION_PUBLISH 4u   /* bring the published figures up to date */

typedef struct ss_signals_data {
    _Atomic uint32_t attention; /* SS_ATTENTION_ bits */
    _Atomic uint32_t scavenger; /* an ss_scavenger_state */
    _Atomic uint32_t wants;     /* reasons to start it, counted while the system refuses it */
    _Atomic uint32_t wakes;     /* the word it sleeps on; a thread adds 1 to wake it */
    _Atomic bool hurry;         /* a call left more to give back than it may do itself */
    _Atomic bool publish_late;  /* the scavenger is to publish, whatever else there is to do */
    _Atomic size_t freed_bytes; /* moved between bins and slabs since the scavenger last took it */
    _Atomic size_t grown_bytes; /* committed since the container's use was last read */
    /* Totals of all heaps, written by the heap layer. They are here because lower layers read them: ss_signal_freed, and
     * the bound on dirty memory (dirty.c). */
    _Atomic size_t bins_bytes;           /* what all bins together have room for */
    _Atomic size_t large_cache_granules; /* what all large caches together have room for */

    /* Written by the background layer for the layers below it. grown_step: growth after which the container's use is
     * read again; SIZE_MAX: there is no limit. */
    _Atomic size_t grown_step;
    _Atomic bool at_once; /* free memory goes back at once: the decay is 0, or a limit is near */
    _Atomic uint32_t keeping; /* an ss_keeping */
} ss_signals_data;

extern ss_signals_data ss_signals_state SS_HIDDEN;
#define ss_signals (&ss_signals_state)

/* Whether no scavenger would do what a call leaves: none runs, and none would be started. */
static inline bool ss_signal_is_unheard(void) {
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    return ss_process_is_inline() || ss_process_is_unhandled_copy() ||
           state == SS_SCAVENGER_NEVER || state == SS_SCAVENGER_REFUSED ||
           state == SS_SCAVENGER_LEAVING || state == SS_SCAVENGER_AWAY;
}

/* Whether free memory goes back at once. Relaxed: a hint. */
static inline bool ss_signal_is_at_once(void) {
    return atomic_load_explicit(&ss_signals->at_once, memory_order_relaxed);
}

/* Tells that `bytes` could go back. From SS_SCAVENGER_START_BYTES on the next cold path starts the scavenger. May be
 * called with locks held. */
void ss_signal_want_slow(void);
static inline void ss_signal_want(size_t bytes) {
    if (SS_LIKELY(bytes < SS_SCAVENGER_START_BYTES))
        return;
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    if (SS_UNLIKELY(state == SS_SCAVENGER_NONE || state == SS_SCAVENGER_REFUSED))
        ss_signal_want_slow();
}

/* Tells that a call has left more to give back than it may do itself, and wakes the scavenger to do it. */
void ss_signal_hurry(void);

/* Tells that `bytes` were committed. In a container the scavenger may then have to read its use now. */
void ss_signal_grown(size_t bytes);

/* Tells that a heap has moved `bytes` between its bins and slabs. A heap calls this in steps of SS_FREED_STEP_BYTES,
 * and with the rest when it is flushed. */
void ss_signal_freed(size_t bytes);

/* Wakes the scavenger. */
void ss_signal_wake(void);

/* Tells that the published figures are due: the next cold path updates them. Relaxed: the figures are due, whatever
 * else that path sees. */
static inline void ss_signal_publish(void) {
    atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_PUBLISH, memory_order_relaxed);
}

/* Tells that the figures are due even if the program makes no further call: the scavenger publishes them. Called with a
 * space's lock held. */
void ss_signal_publish_late(void);

#endif
