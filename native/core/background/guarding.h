/* Grants samples of guarded blocks (guard/due.h), and asks threads for them. The scavenger does it while it waits for its
 * ticks, and stays while the program takes samples; where there is none, threads do it on their cold paths. */
#ifndef SS_GUARDING_H
#define SS_GUARDING_H

#include "heap/heap.h"

/* What the scavenger knows of samples; all 0 at first. */
typedef struct ss_guarding {
    uint64_t idle; /* the last wait, while a sample is due */
    ss_heap *next; /* the first one whose thread is to be asked */
    uint64_t seen; /* samples at the last call of ss_guarding_stays */
} ss_guarding;

/* As ss_os_wait, for the scavenger: grants samples meanwhile. */
void ss_guarding_wait(ss_guarding *self, _Atomic uint32_t *word, uint32_t value,
                      uint32_t milliseconds);

/* Whether a sample was taken since the last call: the scavenger stays. */
bool ss_guarding_stays(ss_guarding *self);

/* Before the scavenger ends: asks all threads, so that the next that allocates starts it again. */
void ss_guarding_leave(void);

/* Whether there must be a scavenger: the sample that was granted before its end has been taken. */
bool ss_guarding_is_wanted(void);

/* By a thread that has taken a sample: has the scavenger started if there is none. */
void ss_guarding_taken(void);

/* By a thread on its cold path, which is not asked: where there is no scavenger, grants a sample if it is time. True if one
 * is due. */
bool ss_guarding_by_call(void);

#endif
