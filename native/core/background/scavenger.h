/* The background thread that gives back memory that has been unused for a while. */
#ifndef SS_SCAVENGER_H
#define SS_SCAVENGER_H

#include "base/signal.h"

/* Starts the thread if it is wanted. At the end of a cold path, with no lock held and no state in the middle of a change. */
void ss_scavenger_start(void);

/* Whether its ticks are done by the threads that take cold paths: by the settings; or in a copy that was made by hand,
 * where a thread of ours would keep the process from ending. */
bool ss_scavenger_is_inline(void);
/* Then, at the end of a cold path: does a tick that is due. */
void ss_scavenger_tick_inline(void);

/* Ends the thread and keeps it away, for what the system does for processes of one thread alone. What there was
 * before, for ss_scavenger_return; SS_SCAVENGER_NEVER if it cannot be kept away, or there is none that could be. */
ss_scavenger_state ss_scavenger_leave(void);
void ss_scavenger_return(ss_scavenger_state before);

/* In a forked child. */
void ss_scavenger_forget(void);

/* By initialisation, once the settings are read. */
void ss_scavenger_init(void);

#endif
