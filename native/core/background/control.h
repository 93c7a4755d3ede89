/* Profiles by the will of another process: `superslab profile PID`.
 *
 * That process can write nothing here: the published page (publish.h), which it may open if it belongs to the same user,
 * cannot be written by others. But it can lock bytes of it, beyond its length. The scavenger looks for these locks each
 * time it wakes:
 *
 *   from SS_CONTROL_RUN on, `count` bytes: a profile is to run with the mean `count`. It ends with the lock, so also
 *       when that process dies.
 *   at SS_CONTROL_WRITE + `ticket`, one byte: the profile is to be written.
 *
 * The answer is in the page. The written profile is a file without a name among the descriptors of the scavenger, which
 * has a table of its own: /proc/PID/task/THREAD/fd/DESCRIPTOR. It stays there until the next ticket, or the end of the
 * locks. */
#ifndef SS_CONTROL_H
#define SS_CONTROL_H

#include "base/types.h"

#define SS_CONTROL_RUN (UINT64_C(1) << 40)
#define SS_CONTROL_WRITE (UINT64_C(1) << 41)
#define SS_CONTROL_END (UINT64_C(1) << 42)

/* In the page, behind what is published; lib/publication.ts reads it. */
#define SS_CONTROL_OFFSET 4064u
typedef struct ss_control_answer {
    _Atomic uint32_t version; /* 1, once the scavenger has looked for locks */
    _Atomic uint32_t session; /* 1 while a profile runs for a lock */
    _Atomic uint32_t error;   /* a superslab_profile_error: of the start, or of the last ticket */
    _Atomic uint32_t ticket;  /* the last one that was answered; stored last */
    _Atomic uint32_t thread, descriptor;
} ss_control_answer;

/* The scavenger's thread has begun: it has no descriptors. */
void ss_control_begin(void);

/* Looks for locks, and does what they ask for. True while there is one: the scavenger is to stay. */
bool ss_control_poll(void);

#endif
