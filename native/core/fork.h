/* What a fork asks of the allocator, and what a child that is a copy makes of what it inherits; fork.c. */
#ifndef SS_FORK_H
#define SS_FORK_H

#include "process.h"

/* Registers the handlers of fork, once. */
void ss_fork_handle(void);

/* Whether this is the process whose memory it is, rather than a child that shares the memory of its parent until it
 * executes a program (vfork, clone with CLONE_VM): such a child starts no thread and publishes nothing. A copy that
 * no handler of fork knows of becomes a process of its own here; see fork.c. */
bool ss_process_is_own(void);

#endif
