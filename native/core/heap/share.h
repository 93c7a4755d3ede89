/* Classes that share a wider class's slabs.
 *
 * A class whose blocks are few takes a slab, and with it a page at least and what its bin keeps, for next
 * to nothing. In a process that superslab serves as its malloc, where small ones are many, such classes
 * have one in common: the widest of their group, until its blocks are no longer few. */
#ifndef SS_SHARE_H
#define SS_SHARE_H

#include "heap/heap.h"

#define SS_GROUP 8u /* a doubling; of the steps of 16 bytes four */

static inline unsigned ss_wide_bin(unsigned bin) {
    unsigned index = bin - SS_BIN_HEADED;
    return SS_BIN_HEADED + (index < 16    ? index | 3
                            : index == 16 ? 16 + SS_GROUP
                                          : 17 + ((index - 17) | (SS_GROUP - 1)));
}

/* From now on, before there is a heap. */
void ss_share_classes(void);

/* While classes are shared: the bin that the calling thread takes a block of `size` from, since what it took it
 * from has none; the next ones of the class come from it too. It may hold blocks. */
unsigned ss_share_choose(ss_thread *self, ss_heap *heap, size_t size);

/* While classes are shared: the class of `size` has slabs of its own from now on, and the thread takes from them.
 * Its bin. */
unsigned ss_share_separate(ss_thread *self, size_t size);

/* Whether a block in `bin` may have been a request's whose own class's bin is `own`. */
static inline bool ss_share_serves(unsigned bin, unsigned own) {
    return bin == own || (SS_UNLIKELY(ss_process_state.shares_classes) && bin == ss_wide_bin(own));
}

#endif
