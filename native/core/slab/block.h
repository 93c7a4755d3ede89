/* Look-up of an address: the block around it, and the block's state. */
#ifndef SS_BLOCK_H
#define SS_BLOCK_H

#include "slab/scrub.h"
#include "slab/slab.h"
#include "slab/trailer.h"

/* ---- the header ----
 * The thread that has the block writes it. Look-ups may read it from any thread at the same time, so it is atomic;
 * relaxed, because it is a single byte that orders nothing else. */

static inline uint8_t ss_header_get(const void *block) {
    return atomic_load_explicit((const _Atomic uint8_t *)block - 1, memory_order_relaxed);
}

static inline void ss_header_set(void *block, uint8_t header) {
    atomic_store_explicit((_Atomic uint8_t *)block - 1, header, memory_order_relaxed);
}

/* Whether a live block of a slab of `bin` may have the header. Until a heap has counted for a profile, only the bin's
 * number is one. */
static inline bool ss_header_is_live(unsigned header, unsigned bin) {
    return header == bin || (header == SS_HEADER_SAMPLED && ss_has_counted());
}

/* Level 2: a block was written after it was freed. Keeps the report for the end of the cold path, and scrubs the block. */
void ss_block_written(void *block, size_t usable);

/* Hardened: prepares a headed block of `bin` for a request. For cold paths of malloc's kind; ss_block_kind_set tells
 * another kind later. */
static inline void ss_block_hand_out(void *block, unsigned bin, size_t size) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const uint64_t word = ss_trailer_word(block);
    /* After a refusal of memory the block may be of a much larger class. */
    if (usable - size > SS_TRAILER_MOST)
        size = usable - SS_TRAILER_MOST;
    if (SS_HARDENED >= 2 && SS_UNLIKELY(!ss_scrub_is_whole(block, usable, (uint32_t)(word + size))))
        ss_block_written(block, usable);
    ss_trailer_set_by(block, size, usable, SS_TRAILER_MALLOC, word);
}

/* Hardened: what a free does to a headed block that was live, whose trailer's word is `word`. */
static inline void ss_block_end(void *block, size_t usable, uint64_t word) {
    ss_header_set(block, SS_HEADER_FREED);
    ss_trailer_end(block, word);
    if (SS_HARDENED >= 2)
        ss_scrub(block, usable);
}

/* Hardened: the bytes that a block of `bin` can hold: what was asked for if it is live and its trailer whole, else what
 * its class can serve. */
static inline size_t ss_block_usable_hardened(const void *block, unsigned bin, bool live) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    return live ? ss_trailer_size_seen(block, usable) : usable - SS_TRAILER_BYTES;
}

/* Hardened: tells that a function of another kind than malloc's allocated the block. Not for blocks of later headed spaces:
 * a free of those knows no kinds. */
void *ss_block_kind_set(void *block, ss_trailer_kind kind);

/* ---- looking up ---- */

typedef enum ss_block_state {
    SS_BLOCK_LIVE,
    SS_BLOCK_CACHED, /* freed, in a bin or a large cache */
    SS_BLOCK_FREE,   /* free in its slab */
    SS_BLOCK_BROKEN, /* its header is neither its bin nor SS_HEADER_FREED */
    SS_BLOCK_NONE    /* no block there */
} ss_block_state;

typedef struct ss_block {
    ss_block_state state;
    uintptr_t start; /* address of the block around the address that was asked for */
    size_t usable;   /* bytes it can hold */
    size_t stride;   /* bytes it occupies; none if it is empty */
    ss_space *space; /* NULL: the address is in no space; if there is a block, it is an empty one */
    unsigned phase;  /* set by ss_block_hold: the argument of ss_readers_end */
    ss_slab *slab;   /* NULL: a large block, or an empty one */
    uint32_t index;  /* in its slab */
    unsigned bin;    /* of its slab */
    uint32_t granule; /* first granule of the slab or the large block */
    bool guarded;     /* a guarded block, or nothing in their pages; `space` is NULL */
} ss_block;

/* Whether the block is an empty one (space/empty.h). */
static inline bool ss_block_is_empty(const ss_block *found) {
    return found->space == NULL && !found->guarded && found->state != SS_BLOCK_NONE;
}

/* Whether the block is one of a region or a window. */
static inline bool ss_block_is_external(const ss_block *found) {
    return found->space != NULL && ss_space_is_external(found->space);
}

/* Looks up the address of a block that the caller has, or that a caller frees. */
void ss_block_find(uintptr_t address, ss_block *found);

/* Looks up any address. Until ss_block_release a region around it cannot be retired, and no space's end is decommitted,
 * where the header may lie that the look-up reads: the slab may end meanwhile. */
void ss_block_hold(uintptr_t address, ss_block *found);
void ss_block_release(const ss_block *found);

/* The error in a pointer that should be the start of a live block of malloc; SUPERSLAB_OK if it is one. `found` is the
 * pointer's look-up. */
superslab_error ss_block_error(const ss_block *found, const void *pointer);

/* As ss_report, with what is known of a guarded block. */
void ss_block_report(superslab_error error, const void *pointer);

/* ---- common cases, by few instructions ---- */

/* The class of the live block that starts at `block` in the first headed space, whose address is `base`. NULL if none
 * is found here; ss_block_find covers all cases. The test is as weak as that of free: an address inside a block passes
 * if the byte before it happens to equal the block's header. */
static inline const ss_class *ss_class_at(uintptr_t base, const void *block) {
    size_t bin = ss_bin_at(base, block);
    /* Only granules of slabs have a bin, and their memory can be read. */
    if (SS_UNLIKELY(bin == 0) || SS_UNLIKELY(ss_header_get(block) != bin))
        return NULL;
    return ss_bin_class(bin);
}

static inline const ss_class *ss_headed_class(const void *block) {
    return ss_class_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), block);
}

/* The same, but NULL also for an address inside a block, and for all classes whose slabs have several granules. */
static inline const ss_class *ss_class_exact_at(uintptr_t base, const void *block) {
    const ss_class *class = ss_class_at(base, block);
    if (SS_UNLIKELY(class == NULL) || SS_UNLIKELY(ss_class_granules(class) != 1))
        return NULL;
    uintptr_t offset = ((uintptr_t)block & (SS_GRANULE_BYTES - 1)) - ss_class_first(class);
    return SS_LIKELY(ss_class_index(class, offset) != SS_NO_BLOCK) ? class : NULL;
}

static inline const ss_class *ss_headed_class_exact(const void *block) {
    return ss_class_exact_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), block);
}

/* The entry of a granule of the first headless space. Any number is allowed: 0 beyond the committed registry. */
static inline uint32_t ss_entry_near(ss_space *space, size_t granule) {
    if (SS_UNLIKELY((granule + 1) * sizeof(uint32_t) > ss_entries_ready(space)))
        return 0;
    return ss_entry_number(space, granule);
}

/* Bytes of the large block that starts at `block` in the first headless space; 0 if none does. `block` is a multiple
 * of SS_GRANULE_BYTES. */
static inline size_t ss_large_usable(const void *block) {
    ss_space *space = ss_space_headless();
    uint32_t entry =
        ss_entry_near(space, ss_space_offset(space, (uintptr_t)block) >> SS_GRANULE_SHIFT);
    size_t granules = entry - ((uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT);
    return SS_LIKELY(granules <= SS_ENTRY_VALUE) ? granules << SS_GRANULE_SHIFT : 0;
}

#endif
