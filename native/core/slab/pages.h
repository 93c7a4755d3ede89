/* Purging pages inside the free blocks of a slab that is partly in use. */
#ifndef SS_PAGES_H
#define SS_PAGES_H

#include "slab/slab.h"

/* Purges the pages that lie inside the slab's free blocks and returns the bytes given back. The caller owns the slab,
 * so its free blocks stay free meanwhile. */
size_t ss_pages_purge(const ss_space *space, ss_slab *slab);

/* Clears the `purged` marks of the pages under blocks that were just taken: these pages may be touched again. */
void ss_pages_forget(ss_slab *slab, void *const *blocks, uint32_t count);

#endif
