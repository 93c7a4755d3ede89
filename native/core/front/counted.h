/* Calls while heaps count: heap/count.h. Called with the thread outside. */
#ifndef SS_COUNTED_H
#define SS_COUNTED_H

#include "base/types.h"

#include <stddef.h>

/* Counts a block that was allocated for a request of that size by a path that does not count. Returns it, or NULL if it is
 * NULL. */
void *ss_counted(void *block, size_t size);

/* Has the calling thread's heap count, or no longer, if that is to be. */
void ss_counted_settle(void);

/* The bytes of a large block; 0 for any other. */
size_t ss_counted_large(const void *block);

/* ---- blocks of windows, which JavaScript counts ----
 * It draws the distance to its next sample, subtracts the stride of each block that it hands out, and tells of the block
 * in which it reaches the end, and of that block's end. */
int64_t ss_counted_distance(uint64_t *state);
void ss_counted_outside(const void *block, size_t size, size_t stride);
void ss_counted_outside_freed(const void *block);

/* Drops samples of blocks that are gone without notice: large ones that were freed while their threads began to count,
 * and those of windows whose isolates have ended. */
void ss_counted_sift(void);

/* Before a block is freed that may be sampled. */
void ss_counted_free(const void *block);
/* The same for a headed block with the header SS_HEADER_SAMPLED. False if another thread has freed it meanwhile. */
bool ss_counted_free_headed(void *block);
/* The same for an aligned one, whose byte said so and is 0 now. Returns its bin. */
unsigned ss_counted_free_aligned(const void *block);

#endif
