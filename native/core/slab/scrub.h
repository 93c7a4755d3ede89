/* Level 2: a free makes the beginning of a small block zero, and malloc checks that it still is. So nothing of the old
 * contents can be read there, and a write after the free is seen when the block is handed out again.
 *
 * Invariant: the scrubbed bytes of each headed block that is not live are zero. Fresh memory is, and dirty memory is made
 * so for a new slab. */
#ifndef SS_SCRUB_H
#define SS_SCRUB_H

#include "base/config.h"
#include "base/thread.h" /* SS_TSAN */

#include <stdbool.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The bytes at the beginning of each block that are scrubbed, or all of a shorter block. They are as many as a free can
 * write and a malloc can read without a noticeable price. Blocks of the middle sizes are scrubbed as a whole, and of their
 * other bytes malloc checks SS_SCRUB_BYTES, at a place that is drawn (`draw`). */
#define SS_SCRUB_BYTES ((size_t)64)
#define SS_SCRUB_MIDDLE_LEAST ((size_t)1100)
#define SS_SCRUB_MIDDLE_MOST ((size_t)9000)
/* The bytes that are written or read together. */
#define SS_SCRUB_STEP ((size_t)16)

/* The offset of the last step of a block: what follows it is the next block's code and header. */
static inline size_t ss_scrub_last(size_t usable) {
    return usable - SS_TRAILER_CODE_BYTES - SS_SCRUB_STEP;
}

static inline bool ss_scrub_is_middle(size_t usable) {
    return usable - SS_SCRUB_MIDDLE_LEAST <= SS_SCRUB_MIDDLE_MOST - SS_SCRUB_MIDDLE_LEAST;
}

/* Whether blocks of the class are scrubbed as a whole. */
static inline bool ss_scrub_is_all(size_t usable) {
    return usable <= SS_SCRUB_BYTES || ss_scrub_is_middle(usable);
}

/* ---- steps ---- */

#if defined(__SSE2__)

typedef __m128i ss_scrub_word;

static inline void ss_scrub_clear(char *at) {
    _mm_storeu_si128((__m128i *)(void *)at, _mm_setzero_si128());
}

static inline ss_scrub_word ss_scrub_read(const char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline ss_scrub_word ss_scrub_or(ss_scrub_word a, ss_scrub_word b) {
    return _mm_or_si128(a, b);
}

static inline bool ss_scrub_is_zero(ss_scrub_word word) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(word, _mm_setzero_si128())) == 0xffff;
}

#else

typedef uint64_t ss_scrub_half __attribute__((aligned(1), may_alias));
typedef uint64_t ss_scrub_word;

static inline void ss_scrub_clear(char *at) {
    ss_scrub_half *halves = (ss_scrub_half *)(void *)at;
    halves[0] = 0;
    halves[1] = 0;
}

static inline ss_scrub_word ss_scrub_read(const char *at) {
    const ss_scrub_half *halves = (const ss_scrub_half *)(const void *)at;
    return halves[0] | halves[1];
}

static inline ss_scrub_word ss_scrub_or(ss_scrub_word a, ss_scrub_word b) {
    return a | b;
}

static inline bool ss_scrub_is_zero(ss_scrub_word word) {
    return word == 0;
}

#endif

/* ---- parts ---- */

/* What one step holds of `last` at most. */
static inline const char *ss_scrub_step(const void *block, size_t offset, size_t last) {
    return (const char *)block + (offset < last ? offset : last);
}

static inline ss_scrub_word ss_scrub_four(const char *at) {
    return ss_scrub_or(
        ss_scrub_or(ss_scrub_read(at), ss_scrub_read(at + SS_SCRUB_STEP)),
        ss_scrub_or(ss_scrub_read(at + 2 * SS_SCRUB_STEP), ss_scrub_read(at + 3 * SS_SCRUB_STEP)));
}

/* All of a block of at most SS_SCRUB_BYTES. */
static inline void ss_scrub_short(void *block, size_t last) {
    ss_scrub_clear(block);
    ss_scrub_clear((char *)(uintptr_t)ss_scrub_step(block, SS_SCRUB_STEP, last));
    ss_scrub_clear((char *)(uintptr_t)ss_scrub_step(block, 2 * SS_SCRUB_STEP, last));
    ss_scrub_clear((char *)block + last);
}

static inline ss_scrub_word ss_scrub_short_read(const void *block, size_t last) {
    return ss_scrub_or(
        ss_scrub_or(ss_scrub_read(block), ss_scrub_read(ss_scrub_step(block, SS_SCRUB_STEP, last))),
        ss_scrub_or(ss_scrub_read(ss_scrub_step(block, 2 * SS_SCRUB_STEP, last)),
                    ss_scrub_read((const char *)block + last)));
}

/* The bytes of a block of the middle sizes from SS_SCRUB_BYTES on. */
static inline void ss_scrub_rest(void *block, size_t usable) {
    char *at = (char *)block + SS_SCRUB_BYTES;
    size_t bytes = usable - SS_TRAILER_CODE_BYTES - SS_SCRUB_BYTES;
#if defined(__x86_64__) && !defined(SS_TSAN)
    /* no call, and faster than vectors here: the processor writes whole lines unread */
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(0) : "memory");
#else
    for (char *const last = at + bytes - SS_SCRUB_STEP; at < last; at += SS_SCRUB_STEP)
        ss_scrub_clear(at);
    ss_scrub_clear((char *)block + ss_scrub_last(usable));
#endif
}

/* Where malloc checks SS_SCRUB_BYTES of the rest. `draw` is any number that differs from call to call. */
static inline const char *ss_scrub_drawn(const void *block, size_t last, uint32_t draw) {
    const size_t places = last - 2 * SS_SCRUB_BYTES + SS_SCRUB_STEP + 1;
    return (const char *)block + SS_SCRUB_BYTES +
           (((uint64_t)(draw * UINT32_C(0x9e3779b1)) * places) >> 32);
}

/* ---- a block ---- */

/* The part of a block that is scrubbed if not all of it is. */
static inline void ss_scrub_begin(void *block) {
    for (size_t at = 0; at < SS_SCRUB_BYTES; at += SS_SCRUB_STEP)
        ss_scrub_clear((char *)block + at);
}

static inline bool ss_scrub_begins_whole(const void *block) {
    return ss_scrub_is_zero(ss_scrub_four(block));
}

static inline void ss_scrub(void *block, size_t usable) {
    const size_t last = ss_scrub_last(usable);
    if (last < SS_SCRUB_BYTES - SS_SCRUB_STEP) {
        ss_scrub_short(block, last);
        return;
    }
    ss_scrub_begin(block);
    if (ss_scrub_is_middle(usable))
        ss_scrub_rest(block, usable);
}

static inline bool ss_scrub_is_whole(const void *block, size_t usable, uint32_t draw) {
    const size_t last = ss_scrub_last(usable);
    if (last < SS_SCRUB_BYTES - SS_SCRUB_STEP)
        return ss_scrub_is_zero(ss_scrub_short_read(block, last));
    ss_scrub_word sum = ss_scrub_four(block);
    if (ss_scrub_is_middle(usable))
        sum = ss_scrub_or(sum, ss_scrub_four(ss_scrub_drawn(block, last, draw)));
    return ss_scrub_is_zero(sum);
}

#endif
