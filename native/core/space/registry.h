/* The registry, which leads from any address to its space and entry without a lock, a hash or a probe. */
#ifndef SS_REGISTRY_H
#define SS_REGISTRY_H

#include "space/space.h"

/* ---- what all spaces have in common ---- */

typedef struct ss_registry_data {
    /* First malloc's spaces, which stay for ever, then the external ones, which may be retired. A thread that reads
     * external ones, or looks up an address that need not be one of its blocks, counts itself in readers meanwhile. */
    _Atomic(ss_space *) spaces[SS_SPACE_COUNT];
    _Atomic uint32_t space_count, external_count;      /* places in use; retired ones are NULL */
    _Atomic uint32_t readers[2];                       /* by the phase in which they began */
    _Atomic uint32_t readers_phase;                    /* the phase in which readers begin now */
    ss_lock lock;                                      /* held to make, extend and retire spaces */
    _Atomic size_t committed_bytes[SS_SPACE_EXTERNAL]; /* headed, headless */
    _Atomic size_t charged_bytes;      /* used or dirty; counted only if SUPERSLAB_LIMIT is set */
    _Atomic uint32_t moved_superslabs; /* SuperSlabs with a granule in SS_MASK_MOVED */
} ss_registry_data;

extern ss_registry_data ss_registry_state SS_HIDDEN;
#define ss_registry (&ss_registry_state)

/* ss_headed_base for realloc, but SS_NO_BASE while there is an observer. */
extern _Atomic uintptr_t ss_resize_base SS_HIDDEN;

/* The first headless space, which has almost all blocks without a header. An empty space until that one is made. */
extern _Atomic(ss_space *) ss_headless SS_HIDDEN;
/* The same for the free of aligned blocks, but an empty space while there is an observer. */
extern _Atomic(ss_space *) ss_headless_hot SS_HIDDEN;

/* The bin of the slab in each granule of the first headed space, 0 where there is none: the hot free's
 * registry. Only pages of it for granules that were used cost memory. */
extern _Atomic uint8_t ss_headed_bins[SS_HEADED_GRANULES] SS_HIDDEN;

/* The bin of the slab that the address lies in, 0 if it is in none of the first headed
 * space, which begins at `base`. */
static inline size_t ss_bin_at(uintptr_t base, const void *address) {
    /* Relaxed: a thread that has a block got the base and the entry together with it, from the slab's owner. The entry
     * changes only while no thread has a block of the granule. For a pointer that is no block any answer will do. */
    uintptr_t granule = ((uintptr_t)address - base) >> SS_GRANULE_SHIFT;
    return granule < SS_HEADED_GRANULES
               ? atomic_load_explicit(&ss_headed_bins[granule], memory_order_relaxed)
               : 0;
}

static inline size_t ss_headed_bin(const void *address) {
    return ss_bin_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), address);
}

/* Relaxed: see ss_bin_at. */
static inline void ss_headed_bin_set(const ss_space *space, uint32_t granule, unsigned bin) {
    if (space->base == atomic_load_explicit(&ss_headed_base, memory_order_relaxed))
        atomic_store_explicit(&ss_headed_bins[granule], (uint8_t)bin, memory_order_relaxed);
}

/* The memory of malloc's spaces of a kind, and of both kinds. Relaxed: budgets and figures. */
static inline size_t ss_committed_bytes(ss_space_kind kind) {
    return atomic_load_explicit(&ss_registry->committed_bytes[kind], memory_order_relaxed);
}

static inline size_t ss_committed_all(void) {
    return ss_committed_bytes(SS_SPACE_HEADED) + ss_committed_bytes(SS_SPACE_HEADLESS);
}

/* In the child of a fork: releases the registry's lock if a thread that is gone held it. */
static inline void ss_registry_lock_inherit(void) {
    ss_lock_inherit(&ss_registry->lock);
}

/* In the child of a fork, after every space is mended: adds up the registry's sums anew, and forgets the readers. */
void ss_registry_inherit(void);

/* ---- look-up ---- */

/* A thread calls these before and after it reads external spaces or looks up any address; pairs of calls may be nested.
 * A retirement waits for all readers that may have found the space; a space's end is not decommitted while there are
 * readers. `phase` is the result of ss_readers_begin. */
unsigned ss_readers_begin(void);
void ss_readers_end(unsigned phase);
ss_space *ss_space_find_external(uintptr_t address);

/* One of malloc's spaces. */
static inline ss_space *ss_space_internal(uint32_t index) {
    /* Relaxed: the index is below a count that was acquired, and the space was published before that count. */
    return atomic_load_explicit(&ss_registry->spaces[index], memory_order_relaxed);
}

static inline uint32_t ss_space_internal_count(void) {
    /* Acquire: pairs with space_publish, so the spaces are there and filled in. */
    return atomic_load_explicit(&ss_registry->space_count, memory_order_acquire);
}

/* The space of malloc's at `address`, or NULL. */
static inline ss_space *ss_space_find_internal(uintptr_t address) {
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++) {
        ss_space *space = ss_space_internal(i);
        if (ss_space_contains(space, address))
            return space;
    }
    return NULL;
}

/* The number of places of external spaces, which begin at SS_INTERNAL_SPACE_COUNT; some may be empty. */
static inline uint32_t ss_space_external_count(void) {
    /* Relaxed: a thread that knows of an external space knows that it was counted, and a place that is counted but not
     * filled in yet reads as NULL. */
    return atomic_load_explicit(&ss_registry->external_count, memory_order_relaxed);
}

/* The space at a place, or NULL. Called by a reader: the space stays until ss_readers_end. Sequentially consistent: see
 * ss_space_retire. */
static inline ss_space *ss_space_at_place(uint32_t place) {
    return atomic_load_explicit(&ss_registry->spaces[place], memory_order_seq_cst);
}

/* The same for a thread that has seen the space there, so relaxed is enough; and for the child of a fork, which has one
 * thread. */
static inline ss_space *ss_space_seen(uint32_t place) {
    return atomic_load_explicit(&ss_registry->spaces[place], memory_order_relaxed);
}

/* Whether the calling thread holds the lock of a space, but not as its owner. */
bool ss_spaces_are_mine(void);

/* The space at `address`, or NULL. */
static inline ss_space *ss_space_find(uintptr_t address) {
    ss_space *space = ss_space_find_internal(address);
    return SS_LIKELY(space != NULL || ss_space_external_count() == 0)
               ? space
               : ss_space_find_external(address);
}

/* Acquire: pairs with the release in space_publish, so the space is filled in. A thread that has a block of it has that
 * anyway. */
static inline ss_space *ss_space_headless(void) {
    return atomic_load_explicit(&ss_headless, memory_order_acquire);
}

/* ---- entries ---- */

#define SS_ENTRY_KIND_SHIFT 30
#define SS_ENTRY_VALUE ((UINT32_C(1) << SS_ENTRY_KIND_SHIFT) - 1)
typedef enum ss_entry_kind {
    SS_ENTRY_NONE = 0,  /* value: 0, or the granules of a held span; in its first granule */
    SS_ENTRY_SLAB = 1,  /* value: the slab's record id; in every granule of the slab */
    SS_ENTRY_LARGE = 2, /* value: granules of a large block, 0 once freed; in its first granule */
    SS_ENTRY_CACHED = 3 /* the same, of a freed block that is in a heap's large cache */
} ss_entry_kind;

/* The bytes of entries that are committed. Acquire: pairs with the release in ss_meta_ensure, so they may be read. */
static inline size_t ss_entries_ready(const ss_space *space) {
    return atomic_load_explicit(&space->entries_ready, memory_order_acquire);
}

/* The entry of a granule whose entry is committed. Acquire: pairs with the release in ss_entry_set, so the record that
 * it names is filled in. */
static inline uint32_t ss_entry_load(const ss_space *space, size_t granule) {
    return atomic_load_explicit(&space->entries[granule], memory_order_acquire);
}

/* The same for a caller that uses the number of granules alone. Relaxed: it follows no record. */
static inline uint32_t ss_entry_number(const ss_space *space, size_t granule) {
    return atomic_load_explicit(&space->entries[granule], memory_order_relaxed);
}

/* The entry of a granule; 0 where the registry is not committed yet. */
static inline uint32_t ss_entry_get(ss_space *space, uint32_t granule) {
    if (((size_t)granule + 1) * sizeof(uint32_t) > ss_entries_ready(space))
        return 0;
    return ss_entry_load(space, granule);
}

static inline void ss_entry_set(ss_space *space, uint32_t granule, ss_entry_kind kind,
                                uint32_t value) {
    atomic_store_explicit(&space->entries[granule], (uint32_t)kind << SS_ENTRY_KIND_SHIFT | value,
                          memory_order_release);
}

/* Sets the entry to `next` if it is still `entry`. Relaxed: it hands over nothing else. */
static inline bool ss_entry_change(ss_space *space, size_t granule, uint32_t entry, uint32_t next) {
    return atomic_compare_exchange_strong_explicit(&space->entries[granule], &entry, next,
                                                   memory_order_relaxed, memory_order_relaxed);
}

static inline ss_entry_kind ss_entry_kind_of(uint32_t entry) {
    return (ss_entry_kind)(entry >> SS_ENTRY_KIND_SHIFT);
}

/* Whether a thread may be reading a header in the space, which need not be that of a block of its own. Called with the
 * space's lock held. */
static inline bool ss_space_is_read(const ss_space *space) {
    /* Hardened: what lies behind an aligned block, too. */
    if (space->kind != SS_SPACE_HEADED && (!SS_HARDENED || space->kind == SS_SPACE_EXTERNAL))
        return false;
    /* Pairs with the fence in ss_block_hold: a reader that is not seen here finds no slab in the free runs. */
    atomic_thread_fence(memory_order_seq_cst);
    for (unsigned phase = 0; phase < 2; phase++)
        /* Acquire: pairs with ss_readers_end, so what a reader read was there. */
        if (atomic_load_explicit(&ss_registry->readers[phase], memory_order_acquire) != 0)
            return true;
    return false;
}

#endif
