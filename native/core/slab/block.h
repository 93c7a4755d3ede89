/* One block's address, looked up: what lies there. */
#ifndef SS_BLOCK_H
#define SS_BLOCK_H

#include "slab/slab.h"

/* ---- the header ----
 * Belongs to whoever has the block; inspect reads it from anywhere, hence atomic. */

static inline uint8_t ss_header_get(const void *block) {
    return atomic_load_explicit((const _Atomic uint8_t *)block - 1, memory_order_relaxed);
}

static inline void ss_header_set(void *block, uint8_t header) {
    atomic_store_explicit((_Atomic uint8_t *)block - 1, header, memory_order_relaxed);
}

/* ---- looking up ---- */

typedef enum ss_block_state {
    SS_BLOCK_LIVE,
    SS_BLOCK_CACHED, /* freed, in a bin or a large cache */
    SS_BLOCK_FREE,   /* in its slab */
    SS_BLOCK_BROKEN, /* its header is neither a live one nor that of a freed block */
    SS_BLOCK_NONE    /* no block there */
} ss_block_state;

typedef struct ss_block {
    ss_block_state state;
    uintptr_t start;  /* of the block around the address */
    size_t usable;    /* bytes it can hold */
    size_t stride;    /* bytes it occupies */
    ss_space *space;  /* NULL: not ours */
    bool held;        /* see ss_block_hold */
    unsigned phase;   /* if held: what ss_external_end must be given */
    ss_slab *slab;    /* NULL: a large block */
    uint32_t index;   /* in its slab */
    unsigned bin;     /* of its slab */
    uint32_t granule; /* the slab's or the large block's first */
} ss_block;

/* Reads only memory that is known to be committed, so any address will do. */
void ss_block_find(uintptr_t address, ss_block *found);

/* The same for an address that anybody may ask about: a region that it lies in is not retired before
 * ss_block_release. */
void ss_block_hold(uintptr_t address, ss_block *found);
void ss_block_release(const ss_block *found);

/* What is wrong with a pointer that should be the start of a live block of malloc's; 0 if nothing. */
superslab_error ss_block_error(const ss_block *found, const void *pointer);

/* ---- common cases, by few instructions ---- */

/* The class of the live block of the first headed space, which begins at `base`, that starts at `block`, or NULL:
 * then ss_block_find knows more. As weak a test as that of free: an address inside a block whose byte before is a copy of its
 * header passes. */
static inline const ss_class *ss_class_at(uintptr_t base, const void *block) {
    size_t bin = ss_bin_at(base, block);
    /* Only granules of slabs have a bin, and their memory can be read. */
    if (SS_UNLIKELY(bin == 0) || SS_UNLIKELY(ss_header_get(block) != bin))
        return NULL;
    return &ss_process->classes[bin];
}

static inline const ss_class *ss_headed_class(const void *block) {
    return ss_class_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), block);
}

/* The class of the live block of the first headed space that starts at `block`; NULL for an address inside one,
 * for classes of which a slab has several granules, and for all else. */
static inline const ss_class *ss_class_exact_at(uintptr_t base, const void *block) {
    const ss_class *class = ss_class_at(base, block);
    if (SS_UNLIKELY(class == NULL) || SS_UNLIKELY(class->granules != 1))
        return NULL;
    uintptr_t offset = ((uintptr_t)block & (SS_GRANULE_BYTES - 1)) - class->first;
    return SS_LIKELY(ss_slab_index(class, offset) != SS_NO_BLOCK) ? class : NULL;
}

static inline const ss_class *ss_headed_class_exact(const void *block) {
    return ss_class_exact_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), block);
}

/* The entry of a granule of the first headless space, whatever number that is: 0 where the registry ends. */
static inline uint32_t ss_entry_near(ss_space *space, size_t granule) {
    /* Acquire, both: as in ss_entry_get. */
    if (SS_UNLIKELY((granule + 1) * sizeof(uint32_t) >
                    atomic_load_explicit(&space->entries_ready, memory_order_acquire)))
        return 0;
    return atomic_load_explicit(&space->entries[granule], memory_order_acquire);
}

/* The bytes of the large block of the first headless space that starts at `block`, a multiple of a granule, or
 * 0. */
static inline size_t ss_large_usable(const void *block) {
    ss_space *space = ss_space_headless();
    uint32_t entry = ss_entry_near(space, ((uintptr_t)block - space->base) >> SS_GRANULE_SHIFT);
    size_t granules = entry - ((uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT);
    return SS_LIKELY(granules <= SS_ENTRY_VALUE) ? granules << SS_GRANULE_SHIFT : 0;
}

#endif
