/* Grows and shrinks spaces, and takes spans from a space that may grow. */
#ifndef SS_GROW_H
#define SS_GROW_H

#include "space/span.h"

/* Takes `count` granules in a row as a large block, and grows the space for them if need be. Returns the first granule,
 * or SS_NO_SPAN. Its address is a multiple of `align` granules, a power of two. *zero says whether all granules are
 * known to read as zero; `zero` may be NULL. */
uint32_t ss_space_take(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Makes at least `count` more granules usable, and the metadata they need. False if the system or SUPERSLAB_LIMIT
 * refuses, or the space has no addresses left. */
bool ss_space_grow(ss_space *space, uint32_t count);

/* After a refusal of memory: purges all dirty runs and decommits the free end of every space of malloc's, so that
 * another space can be charged for it. True if any end was decommitted. */
bool ss_space_shrink_all(void);

#endif
