/* Giving back pages inside the free blocks of slabs that are partly in use. */
#ifndef SS_PURGE_H
#define SS_PURGE_H

#include "slab/slab.h"

/* Purges what it can of a space's abandoned slabs; bytes given back. Ends those that are wholly free. */
size_t ss_purge_slabs(ss_space *space);

/* The system refuses memory, or a space has no address left for a record: ends the spares of all of malloc's spaces, or
 * all their whole slabs, and gives back the charge for what is free at the ends of the spaces. */
void ss_purge_recover(void);

/* Ends the slabs of a space that are wholly free, spares or not. */
void ss_purge_whole_slabs(ss_space *space);

/* The same for those from which no block was taken, and to which none was given, since the last call, or
 * `at_once` for those that changed as well. True if there are some that the next call may purge. */
bool ss_purge_idle_slabs(ss_space *space, bool at_once);

/* In a child, where a thread that is gone had park_lock: lists the slabs that it had adopted. */
void ss_purge_inherit(ss_space *space);

#endif
