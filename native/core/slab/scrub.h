/* Level 2: a free makes the beginning of a small block zero, and malloc checks that it still is. So nothing of the old
 * contents can be read there, and a write after the free is seen when the block is handed out again.
 *
 * Invariant: the scrubbed bytes of each headed block that is not live are zero. Fresh memory is, and dirty memory is made
 * so for a new slab. */
#ifndef SS_SCRUB_H
#define SS_SCRUB_H

#include "base/process.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Up to this many bytes a block is scrubbed as a whole, and again if it is of the middle sizes. Any other block is scrubbed
 * in its first SS_SCRUB_BYTES, so that the price does not grow with the size. */
#define SS_SCRUB_BYTES 128u
#define SS_SCRUB_MIDDLE_LEAST 1100u
#define SS_SCRUB_MIDDLE_MOST 9000u

/* The bytes of a block that are scrubbed: at least 16. */
static inline size_t ss_scrub_bytes(size_t usable) {
    return usable < SS_SCRUB_BYTES ||
                   usable - SS_SCRUB_MIDDLE_LEAST <= SS_SCRUB_MIDDLE_MOST - SS_SCRUB_MIDDLE_LEAST
               ? usable
               : SS_SCRUB_BYTES;
}

/* Words of 16 bytes from the start on, and the last one where the bytes end: it may overlap the one before. */
#if defined(__SSE2__)

static inline void ss_scrub(void *block, size_t usable) {
    const size_t bytes = ss_scrub_bytes(usable);
    const __m128i zero = _mm_setzero_si128();
    char *at = block, *last = at + bytes - sizeof zero;
    for (; at < last; at += sizeof zero)
        _mm_storeu_si128((__m128i *)(void *)at, zero);
    _mm_storeu_si128((__m128i *)(void *)last, zero);
}

static inline bool ss_scrub_is_whole(const void *block, size_t usable) {
    const size_t bytes = ss_scrub_bytes(usable);
    const char *at = block, *last = at + bytes - sizeof(__m128i);
    __m128i sum = _mm_loadu_si128((const __m128i *)(const void *)last);
    for (; at < last; at += sizeof sum)
        sum = _mm_or_si128(sum, _mm_loadu_si128((const __m128i *)(const void *)at));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(sum, _mm_setzero_si128())) == 0xffff;
}

#else

typedef uint64_t ss_scrub_word __attribute__((aligned(1), may_alias));

static inline void ss_scrub(void *block, size_t usable) {
    const size_t bytes = ss_scrub_bytes(usable);
    char *at = block, *last = at + bytes - sizeof(ss_scrub_word);
    for (; at < last; at += sizeof(ss_scrub_word))
        *(ss_scrub_word *)(void *)at = 0;
    *(ss_scrub_word *)(void *)last = 0;
}

static inline bool ss_scrub_is_whole(const void *block, size_t usable) {
    const size_t bytes = ss_scrub_bytes(usable);
    const char *at = block, *last = at + bytes - sizeof(ss_scrub_word);
    uint64_t sum = *(const ss_scrub_word *)(const void *)last;
    for (; at < last; at += sizeof(ss_scrub_word))
        sum |= *(const ss_scrub_word *)(const void *)at;
    return sum == 0;
}

#endif

#endif
