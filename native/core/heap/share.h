/* Classes that share a wider class's slabs.
 *
 * A class with few blocks in use still costs a slab, at least one page of it, and what its bin keeps. That counts in
 * the many small processes in which superslab is the malloc. There, the classes of a group begin by sharing the slabs
 * of the widest one. A class gets slabs of its own when the shared blocks in use are no longer few. */
#ifndef SS_SHARE_H
#define SS_SHARE_H

#include "heap/heap.h"

/* A group is the classes of one doubling, or SS_LINEAR_GROUP linear ones. */
#define SS_GROUP SS_DOUBLING_CLASSES
#define SS_LINEAR_GROUP 4u

static inline unsigned ss_wide_bin(unsigned bin) {
    unsigned index = bin - SS_BIN_HEADED;
    const unsigned first = SS_LINEAR_CLASSES + 1; /* of the first doubling */
    return SS_BIN_HEADED + (index < SS_LINEAR_CLASSES ? index | (SS_LINEAR_GROUP - 1)
                            : index == SS_LINEAR_CLASSES
                                ? SS_LINEAR_CLASSES + SS_GROUP
                                : first + ((index - first) | (SS_GROUP - 1)));
}

/* Whether classes are shared. It is set before the process has a heap. */
static inline bool ss_share_is_on(void) {
    return ss_process->heaps.shares_classes;
}

/* Turns sharing on. To be called before the process has a heap. */
void ss_share_classes(void);

/* While classes are shared: chooses the bin for a request of `size`, after the bin that the hot path tried was empty.
 * The thread's later requests of the class use the chosen bin too. It may hold blocks. */
unsigned ss_share_choose(ss_thread *self, ss_heap *heap, size_t size);

/* While classes are shared: gives the class of `size` slabs of its own from now on, from which the thread takes.
 * Returns the class's bin. */
unsigned ss_share_separate(ss_thread *self, size_t size);

/* Whether a request whose own class has the bin `exact` may have got a block of `bin`. */
static inline bool ss_share_serves(unsigned bin, unsigned exact) {
    return bin == exact || (SS_UNLIKELY(ss_share_is_on()) && bin == ss_wide_bin(exact));
}

#endif
