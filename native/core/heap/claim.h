/* Hardened: a large block that a realloc copies or moves is claimed meanwhile: its entry says "cached". So of a realloc and a
 * free of the same block at the same moment one finds it live and the other reports a double free, before the memory is
 * read or moved. Without that the copy could read memory that the free has made inaccessible, or move pages that already
 * belong to another block.
 *
 * The thread's heap notes the block. In the child of a fork, whose thread may be gone, it is live again: lost, like all
 * blocks that only that thread knew. */
#ifndef SS_CLAIM_H
#define SS_CLAIM_H

#include "heap/heap.h"

/* Claims the large block that starts at a granule, and returns its granules; 0 if none does, or no longer. With the thread
 * outside, as is ss_claim_end. */
uint32_t ss_claim(ss_space *space, uint32_t granule);

/* Makes the block live again. */
void ss_claim_end(ss_space *space, uint32_t granule, uint32_t count);

/* Forgets the claim of a block that has been freed. */
void ss_claim_forget(void);

/* In the child of a fork. */
void ss_claim_inherit(ss_heap *heap);

#endif
