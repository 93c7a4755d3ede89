/* Size classes: strides rise by SS_ALIGNMENT up to SS_LINEAR_MAX, then in SS_DOUBLING_CLASSES steps a doubling. Above
 * SS_LINEAR_MAX a headed stride is SS_ALIGNMENT more than the round number, so that a request of exactly 2^k fits beside
 * its header byte. */
#ifndef SS_CLASS_H
#define SS_CLASS_H

#include "base/types.h"

#define SS_HEADER_FREED 0x2a
_Static_assert(SS_HEADER_COUNT <= 256 && SS_HEADER_FREED < SS_BIN_HEADED, "a header is one byte");
_Static_assert(SS_HEADLESS_COUNT <= SS_BIN_HEADED, "headless bins lie below the headed ones");

typedef struct ss_class {
    uint32_t stride;
    uint32_t
        reciprocal;    /* ceil(2^31 / (stride / SS_ALIGNMENT)): a block's index by multiplication */
    uint16_t capacity; /* blocks a slab */
    uint16_t max_blocks; /* a bin's largest capacity */
    uint8_t granules;    /* granules a slab */
    uint8_t first;       /* offset of block 0 in its slab: SS_ALIGNMENT if headed, else 0 */
} ss_class;
_Static_assert(SS_CACHE_LINE % sizeof(ss_class) == 0, "no class lies on two cache lines");

/* ---- what a class is ---- */

/* The bytes that a block occupies: the distance to the next one. */
static inline uint32_t ss_class_stride(const ss_class *class) {
    return class->stride;
}

/* The bytes that a headed block can hold: its last byte is the next block's header. */
static inline size_t ss_class_headed_usable(const ss_class *class) {
    return class->stride - 1;
}

/* The blocks of a slab. */
static inline uint16_t ss_class_capacity(const ss_class *class) {
    return class->capacity;
}

static inline uint8_t ss_class_granules(const ss_class *class) {
    return class->granules;
}

/* The bytes of a slab's granules. */
static inline size_t ss_class_slab_bytes(const ss_class *class) {
    return (size_t) class->granules << SS_GRANULE_SHIFT;
}

/* The offset of block 0 in its slab: a headed one has its header before it. */
static inline uint8_t ss_class_first(const ss_class *class) {
    return class->first;
}

/* The blocks that a bin of the class may have room for. */
static inline uint16_t ss_class_bin_most(const ss_class *class) {
    return class->max_blocks;
}

#define SS_NO_BLOCK UINT32_MAX

/* The index of the block that starts `offset` bytes after block 0 of a slab, or SS_NO_BLOCK. */
static inline uint32_t ss_class_index(const ss_class *class, uintptr_t offset) {
    uint32_t index =
        (uint32_t)((((uint64_t)offset >> SS_ALIGNMENT_SHIFT) * class->reciprocal) >> 31);
    return (uint64_t)index * class->stride == offset && index < class->capacity ? index
                                                                                : SS_NO_BLOCK;
}

/* ---- which class serves a request ---- */

/* The bin that serves a request, by the request's number of whole 16-byte steps: the bin of its own class, or that of a
 * wider class (share.h). Correct before initialisation. */
extern _Atomic uint8_t ss_bin_of_step[SS_STEPS] __attribute__((visibility("hidden")));

/* A request's number of whole 16-byte steps, the trailer included. */
static inline size_t ss_step_of_size(size_t size) {
    return (size + SS_TRAILER_BYTES) >> SS_ALIGNMENT_SHIFT;
}

static inline unsigned ss_bin_of_size(size_t size) {
    /* Relaxed: an older entry names a bin whose blocks are large enough, too. */
    return atomic_load_explicit(&ss_bin_of_step[ss_step_of_size(size)], memory_order_relaxed);
}

/* The bin of a request's own class, by the request's number of whole 16-byte steps. */
static inline unsigned ss_exact_bin_of_step(unsigned step) {
    if (step <= SS_LINEAR_CLASSES) /* hardened: the smallest class has no room for a trailer */
        return SS_BIN_HEADED + (SS_HARDENED && step == 0 ? 1 : step);
    /* The highest bit of `step - 1` tells the doubling, the SS_DOUBLING_SHIFT bits below it the class in it. */
    const unsigned doubling = (31u - SS_LINEAR_SHIFT) - (unsigned)__builtin_clz(step - 1);
    return SS_BIN_HEADED + SS_LINEAR_CLASSES + 1 + doubling * SS_DOUBLING_CLASSES +
           ((step - 1) >> (doubling + (SS_LINEAR_SHIFT - SS_DOUBLING_SHIFT))) - SS_DOUBLING_CLASSES;
}

static inline unsigned ss_exact_bin(size_t size) {
    return ss_exact_bin_of_step((unsigned)ss_step_of_size(size));
}

/* The smallest headless bin whose blocks hold `last` + 1 bytes, at most SS_HEADLESS_MAX. It is computed from the headed
 * bin: the stride of headed class i + 1 is that of headless class i plus 16 bytes. */
static inline unsigned ss_headless_bin_of_last(size_t last) {
    return ss_exact_bin_of_step((unsigned)(last / SS_ALIGNMENT + 1)) - (SS_BIN_HEADED + 1);
}

/* The smallest headless bin whose blocks hold `size` bytes; size is 1 to SS_HEADLESS_MAX. */
static inline unsigned ss_headless_bin(size_t size) {
    return ss_headless_bin_of_last(size - 1);
}

/* The offset of the last byte of a request whose size is rounded up to a multiple of `alignment`, a power of two.
 * SIZE_MAX for a size or an alignment of 0. */
static inline size_t ss_aligned_last(size_t alignment, size_t size) {
    return (size - 1) | (alignment - 1);
}

/* The smallest headless bin whose blocks hold `size` bytes at multiples of `alignment`; both are at most
 * SS_HEADLESS_MAX. It is the bin for the size rounded up to the alignment: its stride is that rounded size, or a
 * multiple of a step between strides that is at least the alignment. */
static inline unsigned ss_aligned_bin(size_t alignment, size_t size) {
    return ss_headless_bin_of_last(ss_aligned_last(alignment, size));
}

/* ---- the two stacks of a bin ---- */

/* The stack from which malloc pops the blocks of a bin: the bin, or hardened its outlet. */
static inline unsigned ss_bin_outlet(unsigned bin) {
    return bin + SS_OUTLET;
}

/* The header of a bin's blocks, which is the number of the bin that has their slabs: the bin itself, or the one whose
 * outlet it is. */
static inline unsigned ss_bin_header(unsigned bin) {
    return bin >= SS_HEADER_COUNT ? bin - SS_OUTLET : bin;
}

/* ---- the record of a slab ---- */

/* The words of a slab's bitmap, one bit a block. */
static inline uint32_t ss_class_words(const ss_class *class) {
    return (class->capacity + 63u) / 64;
}

/* The length of the record of a slab, in units of 1 << SS_RECORD_SHIFT bytes: its fixed part, and two bitmaps. */
#define SS_RECORD_SHIFT 6
#define SS_RECORD_FIXED_BYTES 48u
/* The record of a slab of one granule in blocks of SS_ALIGNMENT bytes, which are the most blocks of any slab. */
#define SS_RECORD_MAX_UNITS                                                                        \
    ((SS_RECORD_FIXED_BYTES + 2 * (SS_GRANULE_BYTES / SS_ALIGNMENT) / 8 +                          \
      (1u << SS_RECORD_SHIFT) - 1) >>                                                              \
     SS_RECORD_SHIFT)
static inline uint32_t ss_class_record_units(const ss_class *class) {
    const uint32_t bytes = SS_RECORD_FIXED_BYTES + 2 * ss_class_words(class) * 8;
    return (bytes + (1u << SS_RECORD_SHIFT) - 1) >> SS_RECORD_SHIFT;
}

/* Fills the table of classes. */
void ss_class_init(ss_class classes[SS_BIN_COUNT]);

#endif
