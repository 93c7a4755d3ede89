/* Size classes: steps of 16 to 256, then 8 steps a doubling. Headed strides above 256 lie 16 bytes
 * above the round number, so that a request of exactly 2^k finds room beside its header byte. */
#ifndef SS_CLASS_H
#define SS_CLASS_H

#include "types.h"

/* The bin that a request is served from, by its number of whole 16-byte steps: its class's own, or that
 * of a wider class, see below. Right before anything has run. */
extern _Atomic uint8_t ss_bin_of_step[SS_STEPS] __attribute__((visibility("hidden")));

static inline unsigned ss_bin_of_size(size_t size) {
    /* Relaxed: whatever bin was the right one once has blocks that are large enough. */
    return atomic_load_explicit(&ss_bin_of_step[size >> 4], memory_order_relaxed);
}

/* The bin of the own class of a request of so many whole steps. */
static inline unsigned ss_own_bin_of_step(unsigned step) {
    if (step <= 16)
        return SS_BIN_HEADED + step;
    unsigned doubling = 27 - (unsigned)__builtin_clz(step - 1);
    return SS_BIN_HEADED + 17 + doubling * 8 + ((step - 1) >> (doubling + 1)) - 8;
}

static inline unsigned ss_own_bin(size_t size) {
    return ss_own_bin_of_step((unsigned)(size >> 4));
}

/* ---- wider classes ----
 * A class whose blocks are few takes a slab, and with it a page at least and what its bin keeps, for next
 * to nothing. In a process that superslab serves as its malloc, where small ones are many, such classes
 * have one in common: the widest of their group, until its blocks are no longer few. */

#define SS_GROUP 8u /* a doubling; of the steps of 16 bytes four */

static inline unsigned ss_wide_bin(unsigned bin) {
    unsigned index = bin - SS_BIN_HEADED;
    return SS_BIN_HEADED + (index < 16    ? index | 3
                            : index == 16 ? 16 + SS_GROUP
                                          : 17 + ((index - 17) | (SS_GROUP - 1)));
}

/* From now on, before there is a heap. */
void ss_class_share(void);

/* While classes are shared: the bin that the calling thread takes a block of `size` from, since what it took it
 * from has none; the next ones of the class come from it too. It may hold blocks. */
unsigned ss_class_choose(ss_thread *self, ss_heap *heap, size_t size);

/* While classes are shared: the class of `size` has slabs of its own from now on, and the thread takes from them.
 * Its bin. */
unsigned ss_class_part(ss_thread *self, size_t size);

/* Whether a block in `bin` may have been a request's whose own class's bin is `own`. */
static inline bool ss_class_serves(unsigned bin, unsigned own) {
    return bin == own || (SS_UNLIKELY(ss_process_state.shares_classes) && bin == ss_wide_bin(own));
}

/* The smallest headless bin whose blocks hold `last` + 1 bytes, at most SS_HEADLESS_MAX. Through the headed
 * bin of so many bytes, header not counted: from the second on those are the headless ones and the header. */
static inline unsigned ss_headless_bin_of_last(size_t last) {
    return ss_own_bin_of_step((unsigned)(last / SS_ALIGNMENT + 1)) - (SS_BIN_HEADED + 1);
}

/* The smallest headless bin whose blocks hold `size` bytes; size is 1 to SS_HEADLESS_MAX. */
static inline unsigned ss_headless_bin(size_t size) {
    return ss_headless_bin_of_last(size - 1);
}

/* The last byte of a request, counted from 0, when its size is rounded up to a multiple of its alignment, which
 * is a power of two; SIZE_MAX if that is 0. A size of 0 counts as 1. */
static inline size_t ss_aligned_last(size_t alignment, size_t size) {
    return (size - (size != 0)) | (alignment - 1);
}

/* The smallest headless bin whose blocks hold `size` bytes, each at a multiple of `alignment`, both at most
 * SS_HEADLESS_MAX: that for the size rounded up to the alignment. Its stride is that size, or a multiple of a
 * step between strides that is no smaller than the alignment. */
static inline unsigned ss_aligned_bin(size_t alignment, size_t size) {
    return ss_headless_bin_of_last(ss_aligned_last(alignment, size));
}

/* Fills the table of classes. */
void ss_class_init(ss_class classes[SS_BIN_COUNT]);

#endif
