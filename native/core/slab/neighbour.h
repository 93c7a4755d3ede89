/* Level 2: a free compares what lies around the block. It reads
 *
 *   - of the next block, and of the one before if that is as near as a cache line: the header and the code, and
 *   - of one that is not live, the first SS_SCRUB_STEP bytes, which are zero.
 *
 * What it reads may belong to another thread, which allocates, frees or resizes the neighbour at this moment. So it must
 * not rely on any order:
 *
 *   - Header and code are read by one load. Each value that a thread stores there is one of a few, whatever the load finds
 *     between two stores: 0 (fresh or purged memory), SS_HEADER_FREED or a live header, and a code that is 0, ended, or
 *     a slack and a kind that a block of the class can have. Any other value was not stored by the allocator.
 *   - Bytes of a block that is not live may be its next owner's by the time they are read. If they are not 0, front/beside.c
 *     looks for what keeps the block free: it is in a bin of the thread's own heap, or free in a slab that its heap owns.
 *     Only this thread can take it there. Then the bytes are read again.
 *
 * So what is reported is certain. A neighbour in another thread's bin is not compared, and neither is a live neighbour's
 * canary: it may be freed and handed out again between two reads of its header.
 *
 * The slab ends where its capacity does, which the hot path does not know: it reads only what lies in the block's granule,
 * and front/beside.c asks for the index. */
#ifndef SS_NEIGHBOUR_H
#define SS_NEIGHBOUR_H

#include "slab/block.h"

/* Code and header in one load: a block begins at a multiple of 16. On other machines than x86-64 a code may be stored in two
 * parts; and sanitizers would take the loads for races. */
#if defined(__x86_64__) && !defined(SS_TSAN) && !defined(SS_KNOWS_BARRIERS)
#define SS_NEIGHBOURS (SS_HARDENED >= 2)
static inline uint32_t ss_neighbour_head(const void *block) {
    uint32_t head;
    __asm__ volatile("movl -4(%1), %0" : "=r"(head) : "r"(block));
    return head;
}
static inline bool ss_neighbour_is_zero(const void *block) {
    __m128i bytes;
    __asm__ volatile("movdqa (%1), %0" : "=x"(bytes) : "r"(block));
    return ss_scrub_is_zero(bytes);
}
#else
#define SS_NEIGHBOURS false
static inline uint32_t ss_neighbour_head(const void *block) {
    return (void)block, 0;
}
static inline bool ss_neighbour_is_zero(const void *block) {
    return (void)block, true;
}
#endif

/* Whether the code of a live block is one that the allocator stores. */
static inline bool ss_neighbour_code_is_right(const void *block, uint32_t head, size_t usable) {
    const uint32_t raw = (uint16_t)(head >> 8), code = (uint16_t)(raw ^ ss_trailer_word(block));
    const uint32_t slack = code & SS_TRAILER_MOST;
    return (slack - SS_TRAILER_BYTES <= usable - SS_TRAILER_BYTES &&
            code < (uint32_t)SS_TRAILER_ANY << SS_TRAILER_KIND_SHIFT) ||
           raw == 0 || code == 0;
}

/* The part on the hot path, for the classes that are scrubbed as a whole: whether the next block is live or begins with
 * zeros. For all classes it took a tenth more time than glibc needs, most of it for the cache lines. No branch between the two, because which of
 * them it is cannot be foretold. */
static inline bool ss_neighbour_looks_right(const void *block, size_t usable, size_t bin) {
    const char *const next = (const char *)block + usable + 1;
    if (SS_UNLIKELY((uintptr_t)block % SS_GRANULE_BYTES + usable + 1 >
                    SS_GRANULE_BYTES - SS_SCRUB_STEP))
        return true;
    return ((ss_neighbour_head(next) >> 24 == bin) | ss_neighbour_is_zero(next)) != 0;
}

#endif
