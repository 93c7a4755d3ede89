/* Tells the process that owns its memory from a child that shares it, and from a copy made by fork or clone. */
#ifndef SS_COPY_H
#define SS_COPY_H

#include <stdbool.h>

/* True in the process whose memory this is; false in a child that shares the memory of its parent until it executes a
 * program (vfork, clone with CLONE_VM): such a child starts no thread and publishes nothing. A copy in which no handler
 * of fork has run is mended here, and is then a process of its own. */
bool ss_process_is_original(void);

/* Called by a thread that waits for a lock, with the number of its waits. If the process is a copy in which no handler
 * of fork has run, mends it and returns true: the thread that held the lock does not exist in the copy. */
bool ss_copy_mend_lost(unsigned spins);

#endif
