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

/* The smallest headless bin whose blocks hold `size` bytes; size is 1 to SS_HEADLESS_MAX. */
static inline unsigned ss_headless_bin(size_t size) {
    if (size <= 256)
        return (unsigned)((size + 15) / 16 - 1);
    unsigned doubling = 63 - (unsigned)__builtin_clzll(size - 1);
    return 16 + (doubling - 8) * 8 + (unsigned)((size - 1) >> (doubling - 3)) - 8;
}

/* The smallest headless bin whose blocks hold `size` bytes, 1 to SS_HEADLESS_MAX, each at a multiple of
 * `alignment`, at most SS_HEADLESS_MAX; SS_HEADLESS_COUNT if there is none. */
unsigned ss_aligned_bin(const ss_class *classes, size_t alignment, size_t size);

/* Fills the table of classes. */
void ss_class_init(ss_class classes[SS_BIN_COUNT]);

#endif
