/* Spaces and the registry: from any address to its space and entry without a lock, a hash or a
 * probe. */
#ifndef SS_SPACE_H
#define SS_SPACE_H

#include "biased.h"
#include "process.h"

/* The first headed space, made at init. False when the system refuses even the smallest. */
bool ss_space_init(void);

/* One more space of a kind that malloc uses, large enough for `least` bytes in one piece; the first headless one as
 * well, which most small processes never need. Another thread's, if that was first to make it. */
ss_space *ss_space_add(ss_space_kind kind, size_t least);

/* A space over the caller's memory; `live` is a window's table or NULL. */
ss_space *ss_space_adopt(void *base, size_t bytes, size_t limit, uint8_t *live);
void ss_space_retire(ss_space *space);
/* Leaves a part of a window, and of its table, out of core dumps, or puts it in again; nothing for a caller's region,
 * whose mapping is the caller's. `from` is whole granules. */
void ss_space_dump(const ss_space *space, size_t from, size_t to, bool dumped);
/* In a forked child, with all locks held: the space over memory that begins there, if another thread was in the
 * middle of adopting or retiring it. Its metadata is lost: how far that thread came is not known. */
void ss_space_forget(uintptr_t base);

/* In a child, whose thread has the heap `own`, or none: what the other threads were in the middle of. */
void ss_space_inherit(ss_space *space, const ss_heap *own);

/* Whether the space has addresses left for `count` granules in a row: if so, a refusal was for want of
 * memory, and another region would not help. */
static inline bool ss_space_has_room(ss_space *space, uint32_t count) {
    ss_biased_take(&space->lock);
    size_t end = ((size_t)space->granule_count + count) << SS_GRANULE_SHIFT;
    ss_biased_release(&space->lock);
    return end <= atomic_load_explicit(&space->most, memory_order_relaxed);
}

/* Makes at least `count` more granules usable, and the metadata they need. */
bool ss_space_grow(ss_space *space, uint32_t count);

/* The system refuses memory: gives back the charge for what is free at the end of every space, so that
 * another may grow. True if there was any. */
bool ss_space_shrink_all(void);

/* Commits room for one more record, so that taking it needs no system call. */
bool ss_space_ready_record(ss_space *space);

/* ---- the bins of a space ----
 * Its lists have only those of its kind. */

static inline unsigned ss_space_first_bin(const ss_space *space) {
    return space->kind == SS_SPACE_HEADED ? SS_BIN_HEADED : 0;
}

static inline bool ss_space_has_bin(const ss_space *space, unsigned bin) {
    return bin - ss_space_first_bin(space) < SS_SPACE_BINS;
}

static inline _Atomic uint64_t *ss_space_listed(ss_space *space, unsigned bin) {
    return &space->listed[bin % SS_BIN_HEADED];
}

static inline _Atomic uint32_t *ss_space_spares(ss_space *space, unsigned bin) {
    return &space->spares[bin % SS_BIN_HEADED];
}

/* ---- the registry ---- */

/* External spaces may be read between these two, which may be nested; a retirement waits until nobody
 * does who may have found the space. Begin returns what end must be given. */
unsigned ss_external_begin(void);
void ss_external_end(unsigned phase);
ss_space *ss_space_find_external(uintptr_t address);

/* The addresses that are reserved for a space. Relaxed: who has a block of it knows that there are so many,
 * and for any other address the answer may be an old one. */
static inline size_t ss_space_bytes(const ss_space *space) {
    return atomic_load_explicit(&space->bytes, memory_order_relaxed);
}

/* One of malloc's spaces. */
static inline ss_space *ss_space_own(uint32_t index) {
    /* Relaxed: the index is below a count that was acquired, and the space was published before it. */
    return atomic_load_explicit(&ss_process->spaces[index], memory_order_relaxed);
}

static inline uint32_t ss_space_own_count(void) {
    /* Acquire: pairs with space_publish, so the spaces are there and filled in. */
    return atomic_load_explicit(&ss_process->space_count, memory_order_acquire);
}

/* The space of malloc's at `address`, or NULL. */
static inline ss_space *ss_space_find_own(uintptr_t address) {
    for (uint32_t i = 0, count = ss_space_own_count(); i < count; i++) {
        ss_space *space = ss_space_own(i);
        if (address - space->base < ss_space_bytes(space))
            return space;
    }
    return NULL;
}

static inline bool ss_space_has_external(void) {
    /* Relaxed: whoever knows of a region knows that it was counted. */
    return atomic_load_explicit(&ss_process->external_count, memory_order_relaxed) != 0;
}

/* The space at `address`, or NULL. */
static inline ss_space *ss_space_find(uintptr_t address) {
    ss_space *space = ss_space_find_own(address);
    return SS_LIKELY(space != NULL || !ss_space_has_external()) ? space
                                                                : ss_space_find_external(address);
}

/* Acquire: the space is filled in. Who has a block of it has that anyway. */
static inline ss_space *ss_space_headless(void) {
    return atomic_load_explicit(&ss_headless, memory_order_acquire);
}

/* The byte of a headless space's table for an address, NULL where the table is not committed or the address
 * is beyond the space. */
static inline _Atomic uint8_t *ss_live_at(ss_space *space, uintptr_t address) {
    uintptr_t at = (address - space->base) >> SS_HEADLESS_LIVE_SHIFT;
    /* Acquire: it is committed. */
    return at < atomic_load_explicit(&space->live_ready, memory_order_acquire) ? &space->live[at]
                                                                               : NULL;
}

static inline uint32_t ss_space_granule(const ss_space *space, uintptr_t address) {
    return (uint32_t)((address - space->base) >> SS_GRANULE_SHIFT);
}

static inline char *ss_space_address(const ss_space *space, uint32_t granule) {
    return (char *)space->base + ((size_t)granule << SS_GRANULE_SHIFT);
}

/* The entry of a granule; 0 where the registry is not committed yet. */
static inline uint32_t ss_entry_get(ss_space *space, uint32_t granule) {
    if (((size_t)granule + 1) * sizeof(uint32_t) >
        atomic_load_explicit(&space->entries_ready, memory_order_acquire))
        return 0;
    /* Acquire: pairs with the release in ss_entry_set, so the record it names is filled in. */
    return atomic_load_explicit(&space->entries[granule], memory_order_acquire);
}

static inline void ss_entry_set(ss_space *space, uint32_t granule, ss_entry_kind kind,
                                uint32_t value) {
    atomic_store_explicit(&space->entries[granule], (uint32_t)kind << SS_ENTRY_KIND_SHIFT | value,
                          memory_order_release);
}

static inline ss_entry_kind ss_entry_kind_of(uint32_t entry) {
    return (ss_entry_kind)(entry >> SS_ENTRY_KIND_SHIFT);
}

static inline ss_slab *ss_slab_of_id(const ss_space *space, uint32_t id) {
    return (ss_slab *)(void *)(space->records - ((size_t)id << SS_RECORD_SHIFT));
}

static inline uint32_t ss_slab_id(const ss_space *space, const ss_slab *slab) {
    return (uint32_t)((space->records - (const char *)slab) >> SS_RECORD_SHIFT);
}

#endif
