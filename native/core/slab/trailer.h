/* Trailers: what a hardened library writes behind the bytes of a small block, and checks when the block is freed.
 *
 *   block          + size           + usable - 2     + usable
 *   | what was asked | canary ...     | code           | the next block's header
 *
 * The code is the slack (the bytes from the end of what was asked to the end of the block) and the kind of function that
 * allocated the block. From it free knows the size of the request. The canary is a word repeated; what does not fit in
 * SS_TRAILER_SPAN bytes behind the request is not checked. Word and code depend on the block's address and on a secret of
 * the process, so a trailer that was read cannot be used behind another block.
 *
 * Only blocks of headed spaces have trailers. docs/design/hardened.md has the reasons. */
#ifndef SS_TRAILER_H
#define SS_TRAILER_H

#include "base/process.h"
#include "base/sealed.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef enum ss_trailer_kind {
    SS_TRAILER_MALLOC,
    SS_TRAILER_NEW,
    SS_TRAILER_ARRAY, /* new[] */
    SS_TRAILER_ANY    /* of a free: the kind is not checked */
} ss_trailer_kind;

#define SS_TRAILER_CODE_BYTES 2u
/* The bytes of the canary that are written and checked together. */
#define SS_TRAILER_SPAN 16u
#define SS_TRAILER_KIND_SHIFT 14u
/* The slack that a code can tell: a block with more tells less, so it counts as larger than what was asked. */
#define SS_TRAILER_MOST ((1u << SS_TRAILER_KIND_SHIFT) - 1)
_Static_assert(!SS_HARDENED || SS_TRAILER_BYTES == SS_TRAILER_CODE_BYTES + 1,
               "at least one byte of canary");

/* Draws the secret, at initialisation. */
void ss_trailer_init(void);

/* What a free finds wrong with a block whose trailer is broken. */
superslab_error ss_trailer_error(const void *block, size_t usable, ss_trailer_kind kind);

/* Finds the first byte behind the request that is not as the canary was, and the size of the request; false if they cannot
 * be told, because the code may have been written over too. One that was passes for whole in one case of 1,000. */
bool ss_trailer_damage(const void *block, unsigned bin, size_t *size, size_t *written);

/* A product's two halves mix all bits of the address with the secret. */
static inline uint64_t ss_trailer_word(const void *block) {
    const unsigned __int128 product =
        (unsigned __int128)((uintptr_t)block ^ ss_sealed_now->trailer_key[0]) *
        ss_sealed_now->trailer_key[1];
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Where the checked part of the canary begins: behind the request, or so far before its end that it ends at the code. */
static inline size_t ss_trailer_place(size_t size, size_t usable) {
    const size_t last = usable - SS_TRAILER_CODE_BYTES - SS_TRAILER_SPAN;
    return size < last ? size : last;
}

/* Level 2: the `lead` bytes of the request before it stay zero. */
extern const uint8_t ss_trailer_masks[2 * SS_TRAILER_SPAN] SS_HIDDEN;

static inline void ss_trailer_canary(char *at, uint64_t word, size_t lead) {
#if defined(__SSE2__)
    __m128i canary = _mm_set1_epi64x((long long)word);
    if (SS_HARDENED >= 2)
        canary = _mm_and_si128(
            canary, _mm_loadu_si128((const __m128i *)(const void *)(ss_trailer_masks +
                                                                    SS_TRAILER_SPAN - lead)));
    _mm_storeu_si128((__m128i *)(void *)at, canary);
#else
    memcpy(at, &word, sizeof word);
    memcpy(at + sizeof word, &word, sizeof word);
    if (SS_HARDENED >= 2)
        memset(at, 0, lead);
#endif
}

/* Whether the canary is whole from its byte `lead` on. */
static inline bool ss_trailer_canary_is_whole(const char *at, uint64_t word, unsigned lead) {
#if defined(__SSE2__)
    const __m128i is = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i same = _mm_cmpeq_epi8(is, _mm_set1_epi64x((long long)word));
    return (((unsigned)_mm_movemask_epi8(same) ^ 0xffffu) >> lead) == 0;
#else
    uint64_t low, high;
    memcpy(&low, at, sizeof low);
    memcpy(&high, at + sizeof low, sizeof high);
    low ^= word;
    high ^= word;
    return lead < 8 ? (low >> 8 * lead | high) == 0 : high >> 8 * (lead - 8) == 0;
#endif
}

/* The code may lie at any address. No memcpy: the preload library is compiled without builtin functions. */
typedef uint16_t ss_trailer_code __attribute__((aligned(1), may_alias));

static inline ss_trailer_code *ss_trailer_code_at(const void *block, size_t usable) {
    return (ss_trailer_code *)((uintptr_t)block + usable - SS_TRAILER_CODE_BYTES);
}

/* Writes the trailer of a block that holds `usable` bytes behind the `size` bytes of a request. The slack is at most
 * SS_TRAILER_MOST. Writes over bytes of the request: only for a block whose contents are not defined yet. */
static inline void ss_trailer_set(void *block, size_t size, size_t usable, ss_trailer_kind kind) {
    const uint64_t word = ss_trailer_word(block);
    const size_t at = ss_trailer_place(size, usable);
    ss_trailer_canary((char *)block + at, word, size - at);
    *ss_trailer_code_at(block, usable) =
        (uint16_t)(((usable - size) | (unsigned)kind << SS_TRAILER_KIND_SHIFT) ^ word);
}

/* Whether the trailer of a block is whole, and says the kind. */
static inline bool ss_trailer_is_whole(const void *block, size_t usable, ss_trailer_kind kind) {
    const uint64_t word = ss_trailer_word(block);
    uint32_t slack = (uint16_t)(*ss_trailer_code_at(block, usable) ^ word);
    if (kind == SS_TRAILER_ANY)
        slack &= SS_TRAILER_MOST;
    else
        slack -= (unsigned)kind << SS_TRAILER_KIND_SHIFT;
    if (SS_UNLIKELY(slack - SS_TRAILER_BYTES > usable - SS_TRAILER_BYTES))
        return false;
    const size_t size = usable - slack, at = ss_trailer_place(size, usable);
    return ss_trailer_canary_is_whole((const char *)block + at, word, (unsigned)(size - at));
}

/* What the trailer says, for a block whose trailer is whole. */
static inline size_t ss_trailer_size(const void *block, size_t usable) {
    return usable -
           ((*ss_trailer_code_at(block, usable) ^ ss_trailer_word(block)) & SS_TRAILER_MOST);
}

/* The same for a block whose trailer may be broken, or that another thread may be allocating or freeing: then the most that
 * the block can hold. */
size_t ss_trailer_size_seen(const void *block, size_t usable);

/* Writes the trailer of a block of malloc's whose contents stay: what a realloc in place does. */
static inline void ss_trailer_move(void *block, size_t size, size_t usable) {
    char kept[SS_TRAILER_SPAN], *at = (char *)block + ss_trailer_place(size, usable);
    memcpy(kept, at, sizeof kept);
    ss_trailer_set(block, size, usable, SS_TRAILER_MALLOC);
    memcpy(at, kept, size - (size_t)(at - (char *)block));
}

/* Changes the kind of a block that was allocated as malloc's. */
static inline void ss_trailer_kind_set(void *block, size_t usable, ss_trailer_kind kind) {
    *ss_trailer_code_at(block, usable) ^= (uint16_t)((unsigned)kind << SS_TRAILER_KIND_SHIFT);
}

#endif
