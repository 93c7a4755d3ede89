/* Empty blocks: what malloc(0) returns. Each is a distinct address in an inaccessible reservation, so a read or a
 * write of one byte faults. There is no memory behind them. A bit for each says whether it is live.
 *
 * The bits lie in pages of metadata, made when they are needed, and stay. All changes are one atomic operation on one
 * word, so threads need no lock, and a fork catches nothing in between. */
#ifndef SS_EMPTY_H
#define SS_EMPTY_H

#include "base/types.h"

/* The distance between two empty blocks. */
#define SS_EMPTY_STRIDE SS_ALIGNMENT
#define SS_EMPTY_PAGE_BYTES 4096u
#define SS_EMPTY_PAGE_WORDS (SS_EMPTY_PAGE_BYTES / sizeof(uint64_t))
#define SS_EMPTY_PAGE_BLOCKS (SS_EMPTY_PAGE_WORDS * 64)
#define SS_EMPTY_PAGES (SS_EMPTY_MOST_BYTES / SS_EMPTY_STRIDE / SS_EMPTY_PAGE_BLOCKS)

typedef struct ss_empty_data {
    /* Written once, under the registry's lock: `bytes` last, so it is 0 until there is a base. */
    _Atomic uintptr_t base;
    _Atomic size_t bytes;
    _Atomic uint32_t pages; /* number of pages of bits in use, from the first on; only grows */
    /* The next block is looked for from this one on, so a freed one is used again late. A hint: threads may set it back. */
    _Atomic uint32_t next;
    _Atomic bool
        lapped; /* `next` has come to the end of the pages: any of their blocks may have been live */
    _Atomic(_Atomic uint64_t *) page[SS_EMPTY_PAGES];
} ss_empty_data;

extern ss_empty_data ss_empty_state SS_HIDDEN;
#define ss_empty (&ss_empty_state)

/* An empty block whose address is a multiple of `alignment`, a power of two of at most SS_GRANULE_BYTES. NULL without
 * memory for its bit, and when all are in use. */
void *ss_empty_take(size_t alignment);

/* Frees it. False if it is not live: nothing has changed. `block` is an address for which ss_empty_has is true. */
bool ss_empty_give(const void *block);

/* Whether the address lies among the empty blocks, live or not. */
static inline bool ss_empty_has(uintptr_t address) {
    /* Acquire: pairs with the release in empty_make, so the base is set. */
    const size_t bytes = atomic_load_explicit(&ss_empty->bytes, memory_order_acquire);
    return address - atomic_load_explicit(&ss_empty->base, memory_order_relaxed) < bytes;
}

typedef enum ss_empty_use {
    SS_EMPTY_LIVE,
    SS_EMPTY_FREED, /* has been live, or may have been */
    SS_EMPTY_UNUSED /* was never handed out */
} ss_empty_use;

/* What the empty block is that the address lies in; ss_empty_has is true for it. */
ss_empty_use ss_empty_use_at(uintptr_t address);

/* The addresses of all empty blocks; 0 bytes until there is one. */
static inline void ss_empty_range(uintptr_t *start, size_t *bytes) {
    *bytes = atomic_load_explicit(&ss_empty->bytes, memory_order_acquire);
    *start = atomic_load_explicit(&ss_empty->base, memory_order_relaxed);
}

/* The number of live ones. Exact while nothing changes. */
uint64_t ss_empty_live(void);

/* The live ones among 64, as bits. False if there is no such group: groups are numbered from 0, in the order of addresses.
 * *first is the address of the group's first block. */
bool ss_empty_group(uint32_t group, uintptr_t *first, uint64_t *live);

#endif
