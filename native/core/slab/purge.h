/* Giving back pages inside the free blocks of slabs that are partly in use. */
#ifndef SS_PURGE_H
#define SS_PURGE_H

#include "slab/slab.h"
#include "space/dirty.h"

/* Purges the free pages of a space's listed slabs and ends the slabs whose blocks are all free. Returns the bytes
 * purged. */
size_t ss_purge_slabs(ss_space *space);

/* Called when the system refuses memory, or a space has no addresses left for a record. In every space of malloc it
 * ends the spares, or every slab whose blocks are all free if the space lacks records. Then it decommits the free ends
 * of the spaces, which gives their commit charge back. */
void ss_purge_recover(void);

/* Ends the listed slabs of a space whose blocks are all free, spares or not. */
void ss_purge_whole_slabs(ss_space *space);

/* Purges the free pages of the listed slabs that have not changed since the last call (no block taken, none given) and
 * ends those whose blocks are all free. With `at_once` it does so for changed slabs too. True if some slabs are left
 * that the next call may purge. Purges none after `until` (ss_os_clock_nanoseconds; SS_NO_END: all). */
bool ss_purge_idle_slabs(ss_space *space, bool at_once, uint64_t until);

#endif
