/* The background thread that gives back memory that has been unused for a while. */
#ifndef SS_SCAVENGER_H
#define SS_SCAVENGER_H

#include "base/signal.h"

/* Starts the thread if it is wanted. Called at the end of a cold path, with no lock held and no state in the middle of
 * a change. */
void ss_scavenger_start(void);

/* Whether the threads that take cold paths do the ticks: with SUPERSLAB_DECAY=inline, or in a copy made by hand, where
 * a scavenger would keep the process from ending. */
bool ss_scavenger_is_inline(void);
/* Does a tick if one is due. Called at the end of a cold path if ss_scavenger_is_inline. */
void ss_scavenger_tick_inline(void);

/* Ends the thread and keeps it away, for system calls that only a process with one thread may make. Returns the state
 * before, for ss_scavenger_return; SS_SCAVENGER_NEVER if the thread did not leave in time or there is none to keep
 * away. */
ss_scavenger_state ss_scavenger_leave(void);
void ss_scavenger_return(ss_scavenger_state before);

/* In the child of a fork: there is no scavenger. */
void ss_scavenger_forget(void);

/* Called by initialisation after the settings are read. */
void ss_scavenger_init(void);

#endif
