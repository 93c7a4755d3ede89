/* Trailers: what a hardened library writes around the bytes of a small block, and checks when the block is freed.
 *
 *   block - 3  - 1      block            + size       + usable - 2
 *   | code     | header | what was asked | canary ... | the next block's code and header
 *
 * The code is the slack (the bytes from the end of what was asked to the next block's header) and the kind of function that
 * allocated the block. From it free knows the size of the request. It lies before the block: there it is on a cache line that
 * free reads in any case, and a write past the block does not change it. The canary is a word of 8 bytes, of which at
 * least one fits; what lies behind it is not checked. Word and code depend on the block's address and on a secret of
 * the process, so a trailer that was read cannot be used behind another block.
 *
 * Only blocks of headed spaces have trailers. docs/design/hardened.md has the reasons. */
#ifndef SS_TRAILER_H
#define SS_TRAILER_H

#include "base/process.h"
#include "base/sealed.h"

#include <string.h>

typedef enum ss_trailer_kind {
    SS_TRAILER_MALLOC,
    SS_TRAILER_NEW,
    SS_TRAILER_ARRAY, /* new[] */
    SS_TRAILER_ANY    /* of a free: the kind is not checked */
} ss_trailer_kind;

/* The bytes of the canary: one word. */
#define SS_TRAILER_SPAN 8u
#define SS_TRAILER_KIND_SHIFT 14u
/* The slack that a code can tell: a block with more tells less, so it counts as larger than what was asked. */
#define SS_TRAILER_MOST ((1u << SS_TRAILER_KIND_SHIFT) - 1)

/* Draws the secret, at initialisation. */
void ss_trailer_init(void);

/* What a free finds wrong with a block whose trailer is broken, or says another kind or size. */
superslab_error ss_trailer_error(const void *block, size_t usable, ss_trailer_kind kind,
                                 size_t asked);

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

/* Where the checked part of the canary begins: behind the request, or so far before its end that it ends at the next block's
 * code. */
static inline size_t ss_trailer_place(size_t size, size_t usable) {
    const size_t last = usable - SS_TRAILER_CODE_BYTES - SS_TRAILER_SPAN;
    return size < last ? size : last;
}

/* Any address. No memcpy: the preload library is compiled without builtin functions. */
typedef uint64_t ss_trailer_any_word __attribute__((aligned(1), may_alias));

/* Writes the canary; `lead` of its bytes are the last ones of the request. At level 2 those stay zero. */
static inline void ss_trailer_canary(char *at, uint64_t word, size_t lead) {
    *(ss_trailer_any_word *)(void *)at = SS_HARDENED >= 2 ? word >> 8 * lead << 8 * lead : word;
}

/* Whether the canary is whole from its byte `lead` on. */
static inline bool ss_trailer_canary_is_whole(const char *at, uint64_t word, size_t lead) {
    return (*(const ss_trailer_any_word *)(const void *)at ^ word) >> 8 * lead == 0;
}

typedef uint16_t ss_trailer_code __attribute__((aligned(1), may_alias));

static inline ss_trailer_code *ss_trailer_code_at(const void *block) {
    return (ss_trailer_code *)((uintptr_t)block - 1 - SS_TRAILER_CODE_BYTES);
}

/* Writes the trailer of a block that holds `usable` bytes behind the `size` bytes of a request; `word` is the block's. The
 * slack is at most SS_TRAILER_MOST. Writes over bytes of the request: only for a block whose contents are not defined
 * yet. */
static inline void ss_trailer_set_by(void *block, size_t size, size_t usable, ss_trailer_kind kind,
                                     uint64_t word) {
    const size_t at = ss_trailer_place(size, usable);
    ss_trailer_canary((char *)block + at, word, size - at);
    *ss_trailer_code_at(block) =
        (uint16_t)(((usable - size) | (unsigned)kind << SS_TRAILER_KIND_SHIFT) ^ word);
}

static inline void ss_trailer_set(void *block, size_t size, size_t usable, ss_trailer_kind kind) {
    ss_trailer_set_by(block, size, usable, kind, ss_trailer_word(block));
}

/* Of a free: the size is not compared. */
#define SS_SIZE_ANY SIZE_MAX

/* A size that the program gives: no block has the greatest one. */
static inline size_t ss_size_given(size_t size) {
    return size - (size == SS_SIZE_ANY);
}

/* Whether the trailer of a block is whole, and says the kind and the size `asked`. `word` is the block's. */
static inline bool ss_trailer_is_whole_by(const void *block, size_t usable, ss_trailer_kind kind,
                                          size_t asked, uint64_t word) {
    uint32_t slack = (uint16_t)(*ss_trailer_code_at(block) ^ word);
    if (kind == SS_TRAILER_ANY)
        slack &= SS_TRAILER_MOST;
    else
        slack -= (unsigned)kind << SS_TRAILER_KIND_SHIFT;
    if (SS_UNLIKELY(slack - SS_TRAILER_BYTES > usable - SS_TRAILER_BYTES))
        return false;
    const size_t size = usable - slack, at = ss_trailer_place(size, usable);
    return (asked == SS_SIZE_ANY || asked == size) &&
           ss_trailer_canary_is_whole((const char *)block + at, word, size - at);
}

static inline bool ss_trailer_is_whole(const void *block, size_t usable, ss_trailer_kind kind) {
    return ss_trailer_is_whole_by(block, usable, kind, SS_SIZE_ANY, ss_trailer_word(block));
}

/* Notes in the code that the block was freed: a slack of 0, which no live block has. */
static inline void ss_trailer_end(void *block, uint64_t word) {
    *ss_trailer_code_at(block) = (uint16_t)word;
}

static inline bool ss_trailer_has_ended(const void *block) {
    return *ss_trailer_code_at(block) == (uint16_t)ss_trailer_word(block);
}

/* What the trailer says, for a block whose trailer is whole. */
static inline size_t ss_trailer_size(const void *block, size_t usable) {
    return usable - ((*ss_trailer_code_at(block) ^ ss_trailer_word(block)) & SS_TRAILER_MOST);
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
static inline void ss_trailer_kind_set(void *block, ss_trailer_kind kind) {
    *ss_trailer_code_at(block) ^= (uint16_t)((unsigned)kind << SS_TRAILER_KIND_SHIFT);
}

#endif
