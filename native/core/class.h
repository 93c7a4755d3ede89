/* Size classes: steps of 16 to 256, then 8 steps a doubling. Headed strides above 256 lie 16 bytes
 * above the round number, so that a request of exactly 2^k finds room beside its header byte. */
#ifndef SS_CLASS_H
#define SS_CLASS_H

#include "types.h"

/* The bin of a request, by its number of whole 16-byte steps. Constant, so that it is right before
 * anything has run. */
extern const uint8_t ss_bin_of_step[(SS_SMALL_MAX >> 4) + 1] __attribute__((visibility("hidden")));

static inline unsigned ss_bin_of_size(size_t size) {
    return ss_bin_of_step[size >> 4];
}

/* The smallest headless bin whose blocks hold `last` + 1 bytes, at most SS_HEADLESS_MAX. Through the headed
 * bin of so many bytes, header not counted: from the second on those are the headless ones and the header. */
static inline unsigned ss_headless_bin_of_last(size_t last) {
    return ss_bin_of_step[last / SS_ALIGNMENT + 1] - (SS_BIN_HEADED + 1);
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
