/* When a block is to be guarded.
 *
 * A sample is granted (due = 1) by a clock: by the scavenger, or by threads on their cold paths where none runs. Threads
 * that are at work are asked at the same time (thread.h): their hot malloc finds its bounds 0, and ends in its cold path.
 * The first thread that comes there after a random number of calls claims the sample. While none has claimed it, none is
 * granted: a process that does not allocate does nothing for guards. */
#ifndef SS_DUE_H
#define SS_DUE_H

#include "base/types.h"

typedef struct ss_guard_data {
    uint32_t rate;         /* samples a second, at most; 0: off. Written by initialisation alone */
    _Atomic uint32_t due;  /* an ss_due_state */
    _Atomic uint64_t next; /* no sample is granted before this time; nanoseconds of the clock */
    _Atomic uint64_t samples; /* blocks that were guarded, since the start */
} ss_guard_data;

extern ss_guard_data ss_guard_state SS_HIDDEN;
#define ss_guard (&ss_guard_state)

typedef enum ss_due_state {
    SS_DUE_NO,
    SS_DUE_YES,
    SS_DUE_CLAIMED /* a thread is about to say when the next one may be granted */
} ss_due_state;

/* Called by initialisation. False, and guards stay off, if the system refuses the addresses. */
bool ss_guard_begin(uint32_t rate);

static inline uint32_t ss_guard_rate(void) {
    return ss_guard->rate;
}

static inline bool ss_guard_is_on(void) {
    return ss_guard->rate != 0;
}

/* Relaxed: a thread that sees it late claims the next one. */
static inline bool ss_guard_is_due(void) {
    return atomic_load_explicit(&ss_guard->due, memory_order_relaxed) == SS_DUE_YES;
}

static inline uint64_t ss_guard_samples(void) {
    return atomic_load_explicit(&ss_guard->samples, memory_order_relaxed);
}

/* Grants a sample if it is time. Returns the nanoseconds until it will be; 0 if one is granted and not claimed. */
uint64_t ss_guard_grant(uint64_t now);

/* Takes the sample that is due; false if there is none. */
bool ss_guard_claim(uint64_t now);

/* The calls after which a thread that is asked takes a sample, at random; not 0. */
uint16_t ss_guard_calls(void);

/* A sample was taken. */
void ss_guard_count(void);

/* In the child of a fork: mends what threads that are gone were changing, and grants a sample. */
void ss_guard_inherit(void);

#endif
