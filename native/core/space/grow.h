/* Growing and shrinking a space, and taking spans of one that may grow. */
#ifndef SS_GROW_H
#define SS_GROW_H

#include "space/span.h"

/* Takes `count` granules in a row as a large block, growing the space if need be: the first granule, or SS_NO_SPAN. Its
 * address is a multiple of `align` granules, a power of two. *zero says whether all of them are known to
 * read as zero; `zero` may be NULL. */
uint32_t ss_space_take(ss_space *space, uint32_t count, uint32_t align, bool *zero);

/* Makes at least `count` more granules usable, and the metadata they need. */
bool ss_space_grow(ss_space *space, uint32_t count);

/* The system refuses memory: gives back the charge for what is free at the end of every space, so that
 * another may grow. True if there was any. */
bool ss_space_shrink_all(void);

#endif
