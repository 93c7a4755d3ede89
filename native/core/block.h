/* One block's address, looked up: what lies there, and the allocating and freeing that is not hot. */
#ifndef SS_BLOCK_H
#define SS_BLOCK_H

#include "slab.h"

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
    SS_BLOCK_CACHED, /* freed, in a bin */
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

/* ---- the cold ways in and out ---- */

/* What the hot path could not serve: a large request, an empty bin, a thread without a heap. */
void *ss_malloc_cold(size_t size);

/* Gives back what the calling thread's bins hold. */
void ss_flush_own_heap(void);

/* Not in the first headed space, or the thread is closed. */
void ss_free_cold(void *block);
/* In the first headed space; with the thread inside. The header is not that of the slab's bin, or the bin has
 * no room, or no slab is there. */
void ss_free_refused(void *block);

#endif
