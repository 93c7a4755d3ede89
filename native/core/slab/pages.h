/* The pages of a slab that is partly in use: which of them hold no memory. */
#ifndef SS_PAGES_H
#define SS_PAGES_H

#include "slab/slab.h"

/* Purges the pages that lie inside the slab's free blocks; bytes given back. The caller owns the slab, so that its free
 * blocks stay free. */
size_t ss_pages_purge(const ss_space *space, ss_slab *slab);

/* Blocks of a slab with purged pages were taken: their pages may be touched again. */
void ss_pages_forget(ss_slab *slab, void *const *blocks, uint32_t count);

#endif
