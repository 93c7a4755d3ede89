/* System calls that are refused on demand. Only in the programs of refused/, which are linked so that
 * the core's calls of mmap, mprotect, madvise and mremap come here. */
#ifndef TEST_REFUSE_H
#define TEST_REFUSE_H

#include <stdbool.h>

typedef enum refuse_kind {
    REFUSE_MMAP = 1,
    REFUSE_MPROTECT = 2,
    REFUSE_MADVISE = 4,
    REFUSE_MREMAP = 8,
    REFUSE_ALL = 15
} refuse_kind;

/* From now on the `first`th call (from 0) of these kinds fails with ENOMEM, and, if wanted, all after. */
void refuse_start(unsigned kinds, unsigned first, bool all_after);

/* Calls of these kinds since the start; none is refused any more. */
unsigned refuse_stop(void);

#endif
