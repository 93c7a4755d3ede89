#include "slab/seal.h"

#include "base/thread.h" /* SS_TSAN */
#include "slab/block.h"

typedef uint32_t seal_code __attribute__((aligned(1), may_alias));

/* ---- aligned ---- */

static uint32_t code_mask(uint64_t word) {
    return (uint32_t)(word >> 16);
}

static seal_code *code_at(const void *block, size_t stride) {
    return (seal_code *)((uintptr_t)block + stride - SS_SEAL_CODE_BYTES);
}

static size_t aligned_place(size_t size, size_t stride) {
    const size_t last = stride - SS_SEAL_CODE_BYTES - SS_TRAILER_SPAN;
    return size < last ? size : last;
}

/* Writes the canary's bytes behind the request, and leaves those of the request. Fresh memory is not read first: that would
 * take another page fault. */
static void canary_set(char *at, uint64_t word, size_t lead) {
    if (SS_LIKELY(lead == 0))
        *(ss_trailer_any_word *)(void *)at = word;
    for (size_t i = lead == 0 ? SS_TRAILER_SPAN : lead; i < SS_TRAILER_SPAN; i++)
        at[i] = (char)(word >> 8 * i);
}

void ss_seal_aligned(void *block, unsigned bin, size_t size, ss_trailer_kind kind) {
    const size_t stride = ss_bin_stride(bin), at = aligned_place(size, stride);
    const uint64_t word = ss_trailer_word(block);
    canary_set((char *)block + at, word, size - at);
    *code_at(block, stride) =
        ((uint32_t)(stride - size) | (uint32_t)kind << SS_SEAL_KIND_SHIFT) ^ code_mask(word);
}

/* ---- large ---- */

/* Where the canary of a large block begins; `size` if there is none. */
static size_t large_place(size_t size) {
    const size_t end = (size + SS_SEAL_PAGE_BYTES - 1) & ~(SS_SEAL_PAGE_BYTES - 1);
    return size + SS_TRAILER_SPAN <= end ? size : end - SS_TRAILER_SPAN;
}

static bool large_has_canary(size_t size) {
    return size % SS_SEAL_PAGE_BYTES != 0;
}

void ss_seal_large(void *block, size_t size, ss_trailer_kind kind) {
    ss_space *space = ss_space_find_internal((uintptr_t)block);
    if (large_has_canary(size)) {
        const size_t at = large_place(size);
        canary_set((char *)block + at, ss_trailer_word(block), size - at);
    }
    ss_large_note(space, ss_space_granule(space, (uintptr_t)block), size, kind);
}

/* ---- reading ----
 * A look-up sees blocks of other threads; the sanitizer need not know of the race, because nothing but a figure comes of
 * it. */

__attribute__((no_sanitize("thread"))) static void canary_read(ss_seal *seal, const char *block,
                                                               size_t place, uint64_t word) {
    const volatile uint8_t *const bytes = (const volatile uint8_t *)block;
#ifndef SS_TSAN /* an inline function is seen, whatever calls it */
    if (SS_LIKELY(ss_trailer_canary_is_whole(block + place, word, seal->size - place)))
        return;
#endif
    for (size_t at = seal->size; at < place + SS_TRAILER_SPAN; at++)
        if (bytes[at] != (uint8_t)(word >> (at - place) * 8)) {
            seal->is_whole = false;
            seal->written = block + at;
            return;
        }
}

__attribute__((no_sanitize("thread"))) static uint32_t code_read(const void *block, size_t stride) {
    return *(const volatile seal_code *)code_at(block, stride);
}

static void aligned_read(const void *block, size_t stride, ss_seal *out) {
    const uint64_t word = ss_trailer_word(block);
    const uint32_t code = code_read(block, stride) ^ code_mask(word);
    const size_t slack = code & ((UINT32_C(1) << SS_SEAL_KIND_SHIFT) - 1);
    out->kind = (ss_trailer_kind)(code >> SS_SEAL_KIND_SHIFT);
    if (slack < SS_SEAL_BYTES || slack > stride || out->kind >= SS_TRAILER_ANY) {
        *out = (ss_seal){.size = stride - SS_SEAL_BYTES};
        return;
    }
    out->size = stride - slack;
    canary_read(out, block, aligned_place(out->size, stride), word);
}

typedef enum seal_use { SEAL_LOOK, SEAL_READ, SEAL_TAKE } seal_use;

static bool seal_read(ss_space *space, const void *block, ss_seal *out, seal_use use) {
    const uintptr_t address = (uintptr_t)block;
    const _Atomic uint8_t *live = ss_live_at(space, address);
    *out = (ss_seal){.is_known = true, .is_whole = true};
    if (live != NULL && atomic_load_explicit(live, memory_order_relaxed) != 0) {
        const ss_slab *slab = ss_slab_find(space, address);
        if (slab == NULL || address % (1u << SS_HEADLESS_LIVE_SHIFT) != 0)
            return false;
        aligned_read(block, ss_class_stride(ss_slab_read(slab).class), out);
        return true;
    }
    const uint32_t granule = ss_space_granule(space, address);
    const size_t bytes = address % SS_GRANULE_BYTES == 0 ? ss_large_bytes(space, granule) : 0;
    if (bytes == 0)
        return false;
    const uint32_t note = ss_large_note_take(space, granule, use == SEAL_TAKE);
    out->is_known = note != 0;
    out->size = bytes - ss_large_note_slack(note);
    out->kind = (ss_trailer_kind)ss_large_note_kind(note);
    if (note != 0 && use != SEAL_LOOK && large_has_canary(out->size))
        canary_read(out, block, large_place(out->size), ss_trailer_word(block));
    return true;
}

/* For a thread that has the block. */
static bool seal_own(ss_space *space, const void *block, ss_seal *out) {
    return seal_read(space, block, out, SEAL_READ);
}

bool ss_seal_look(ss_space *space, const void *block, ss_seal *out) {
    return seal_read(space, block, out, SEAL_LOOK);
}

bool ss_seal_take(ss_space *space, const void *block, ss_seal *out, bool *twice) {
    const bool is_sealed = seal_read(space, block, out, SEAL_TAKE);
    *twice = is_sealed && out->size != 0 && !out->is_known && out->is_whole;
    return is_sealed;
}

void ss_seal_put_back(ss_space *space, const void *block, const ss_seal *seal) {
    const uint32_t granule = ss_space_granule(space, (uintptr_t)block);
    if ((uintptr_t)block % SS_GRANULE_BYTES == 0 && ss_large_bytes(space, granule) != 0)
        ss_large_note(space, granule, seal->size, seal->kind);
}

void ss_seal_kind_set(ss_space *space, void *block, ss_trailer_kind kind) {
    ss_seal seal;
    if (!seal_own(space, block, &seal))
        return;
    const ss_slab *slab = ss_slab_find(space, (uintptr_t)block);
    if (slab == NULL)
        ss_large_note(space, ss_space_granule(space, (uintptr_t)block), seal.size, kind);
    else
        *code_at(block, ss_class_stride(ss_slab_read(slab).class)) ^= (uint32_t)kind
                                                                      << SS_SEAL_KIND_SHIFT;
}

void *ss_block_kind_set(void *block, ss_trailer_kind kind) {
    ss_space *space;
    if (block == NULL)
        return NULL;
    if (ss_headed_bin(block) != 0)
        ss_trailer_kind_set(block, kind);
    else if ((space = ss_space_find_internal((uintptr_t)block)) != NULL &&
             ss_space_is_headless(space))
        ss_seal_kind_set(space, block, kind);
    return block;
}
