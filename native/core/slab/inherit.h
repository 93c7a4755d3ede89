/* Slabs in the child of a fork. The functions take no lock, because the child's thread may hold some. */
#ifndef SS_INHERIT_H
#define SS_INHERIT_H

#include "slab/slab.h"

/* An ss_slab_length (span.h): granules of the slab of that record if it begins at `granule`, else 1. */
uint32_t ss_slab_granules_at(const ss_space *space, uint32_t granule, uint32_t record);

/* Ends the ownership of slabs that a thread that is gone had adopted with park_lock held. */
void ss_slabs_inherit_parked(ss_space *space);

/* Lists the slabs of owners whose threads are gone and may have stopped anywhere, with the numbers of free blocks that
 * their bits show. `is_gone` says so of an owner's number. */
void ss_slabs_inherit(ss_space *space, bool (*is_gone)(uint32_t owner));

#endif
