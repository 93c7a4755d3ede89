/* Large and huge blocks: a span each in the headless space, found through the registry. */
#ifndef SS_LARGE_H
#define SS_LARGE_H

#include "space/space.h"

/* `alignment` is a power of two; up to a granule costs nothing. NULL without memory. *zero, which may
 * be NULL, says whether the block is known to read as zero. */
void *ss_large_take(size_t size, size_t alignment, bool *zero);

/* False if no large block starts there (any more). */
bool ss_large_give(ss_space *space, uint32_t granule);

/* The same for the span of a block that was freed into a heap's large cache, by the thread that has the heap. *slot, in
 * which the heap notes the span, becomes 0 when the registry no longer calls the span cached, and before another thread
 * can take it: in the child of a fork no two heaps note one span. True if ss_span_settle is to be called. */
bool ss_large_end_cached(ss_space *space, uint64_t *slot, uint32_t granule);

/* Whether the run of the first headless space that a block of `size` bytes would be taken from has as many dirty
 * granules. */
bool ss_large_has_dirty(size_t size);

/* Bytes of the large block that starts there, or 0. */
size_t ss_large_bytes(ss_space *space, uint32_t granule);

/* Makes the block hold `size` bytes where it is; false if it cannot. */
bool ss_large_resize(ss_space *space, uint32_t granule, size_t size);

/* Moves the block by its pages into a span that holds `size` bytes: the new address, or NULL. */
void *ss_large_move(ss_space *space, uint32_t granule, size_t size);

#endif
