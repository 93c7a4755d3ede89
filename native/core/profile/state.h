/* What the files of the profile share. Under the lock. */
#ifndef SS_PROFILE_STATE_H
#define SS_PROFILE_STATE_H

#include "base/lock.h"

typedef struct ss_profile_data {
    ss_lock lock;
    _Atomic bool running;
    _Atomic size_t mean;
    uint64_t started, taken;
    _Atomic uint64_t lost; /* samples for which there was no room, or at no time */
} ss_profile_data;

extern ss_profile_data ss_profile_state SS_HIDDEN;
#define ss_profile (&ss_profile_state)

/* False if this thread has the lock already: a handler has interrupted it. */
bool ss_profile_lock(void);
/* The same for a thread that may wait for a bounded time only: a thread that takes a sample has the lock for
 * microseconds, or longer where the system makes it wait for memory. */
bool ss_profile_lock_patiently(void);
/* Also does what handlers have left. */
void ss_profile_unlock(void);

#endif
