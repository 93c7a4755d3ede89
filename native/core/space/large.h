/* Large and huge blocks. Each is a span of its own in a headless space and is found through the registry. */
#ifndef SS_LARGE_H
#define SS_LARGE_H

#include "space/registry.h"

/* Takes a block of `size` bytes. `alignment` is a power of two; up to a granule it costs nothing. *zero says whether
 * the block is known to read as zero; `zero` may be NULL. Returns NULL if there is no memory. */
void *ss_large_take(size_t size, size_t alignment, bool *zero);

/* Frees the block. False if no large block starts there, or no longer. */
bool ss_large_give(ss_space *space, uint32_t granule);

/* Frees the span of a block in a heap's large cache. Called by the thread that has the heap. *slot, the heap's note of
 * the span, is cleared after the registry entry has changed from cached and before another thread can take the span, so
 * that in the child of a fork no two heaps have a note of it. True if the thread must call ss_span_settle. */
bool ss_large_end_cached(ss_space *space, uint64_t *slot, uint32_t granule);

/* Whether the dirty run of the first headless space that a block of `size` bytes would be taken from has at least as
 * many dirty granules as the block. */
bool ss_large_has_dirty(size_t size);

/* ---- hardened: notes ----
 * The node of a large block's first granule notes its slack (the bytes from the end of the request to that of the span) and
 * the kind of function that allocated it, until it is freed. ss_large_take notes a request of the whole span. */

#define SS_LARGE_NOTED (UINT32_C(1) << 31)
#define SS_LARGE_KIND_SHIFT 28u

/* Notes a request of `size` bytes. Release: what was done to the block's memory is over. */
static inline void ss_large_note(ss_space *space, uint32_t granule, size_t size, unsigned kind) {
    const size_t bytes = (size_t)(ss_entry_number(space, granule) & SS_ENTRY_VALUE)
                         << SS_GRANULE_SHIFT;
    atomic_store_explicit(&space->granules[granule].huge,
                          SS_LARGE_NOTED | kind << SS_LARGE_KIND_SHIFT | (uint32_t)(bytes - size),
                          memory_order_release);
}

/* Reads the note, and with `take` removes it: of two threads one gets it, the other 0. Acquire: pairs with the release of
 * the note, so that what was done to the block's memory before is over. */
static inline uint32_t ss_large_note_take(ss_space *space, uint32_t granule, bool take) {
    _Atomic uint32_t *note = &space->granules[granule].huge;
    return take ? atomic_exchange_explicit(note, 0, memory_order_acquire)
                : atomic_load_explicit(note, memory_order_relaxed);
}

static inline size_t ss_large_note_slack(uint32_t note) {
    return note & ((UINT32_C(1) << SS_LARGE_KIND_SHIFT) - 1);
}

static inline unsigned ss_large_note_kind(uint32_t note) {
    return (note & ~SS_LARGE_NOTED) >> SS_LARGE_KIND_SHIFT;
}

/* The bytes of the large block that starts there, or 0. */
size_t ss_large_bytes(ss_space *space, uint32_t granule);

/* Makes the block hold `size` bytes in place; false if it cannot grow there. */
bool ss_large_resize(ss_space *space, uint32_t granule, size_t size);

/* Moves the block's pages into a span of `size` bytes. Returns the new address, or NULL with the block unchanged. In hardened
 * builds the caller has claimed the block (heap/claim.h), and it stays so if NULL is returned. */
void *ss_large_move(ss_space *space, uint32_t granule, size_t size);

#endif
