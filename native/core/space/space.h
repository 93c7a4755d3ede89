/* Spaces: what one is, making and retiring, and what it tells. */
#ifndef SS_SPACE_H
#define SS_SPACE_H

#include "base/biased.h"
#include "base/process.h"

/* ---- free runs ---- */

/* A free run is described by the node of its first granule. The nodes of its first and last granule hold its length, so
 * that its neighbours find it (boundary tags: Knuth, TAOCP 1, 2.5). A granule is clean (known to read as zero) or
 * dirty; a run is dirty if at least one of its granules is. */
typedef enum ss_run_kind { SS_RUN_DIRTY, SS_RUN_CLEAN, SS_RUN_KINDS } ss_run_kind;

typedef struct ss_granule {
    uint32_t length; /* of the free run, in the nodes of its first and last granule; else 0 */
    uint32_t list;   /* the list that the run is in */
    /* The run's neighbours in its list: granule + 1, 0 at the ends. Of a held span: its holder's token. */
    uint32_t prev, next;
    uint32_t dirty; /* dirty granules of the run. Of a span that goes back: the next such span */
    uint32_t stamp; /* of a dirty run: ss_space.clock when it became dirty */
    uint32_t mask;  /* one of the masks of the SuperSlab (ss_mask), unrelated to this granule */
    _Atomic uint32_t
        huge; /* of the first granule of a SuperSlab: 1 if a huge page may be mapped there. Hardened, without
               * huge pages: of the first granule of a large block: its note (large.h) */
} ss_granule;

/* The masks of a SuperSlab, one bit a granule, in the nodes of its first granules. An array of their own would cost a
 * small process another page. */
typedef enum ss_mask {
    SS_MASK_DIRTY,  /* free and dirty */
    SS_MASK_STARTS, /* a free run starts here */
    SS_MASK_MOVED,  /* mapped by a page move */
    SS_MASK_OPEN,   /* hardened: accessible; gap.h */
    SS_MASK_GAP,    /* hardened: an inaccessible granule behind a span */
    SS_MASK_KEPT    /* hardened: it was a gap that may hold memory, and has not been opened since */
} ss_mask;

/* Lists of free runs, dirty ones apart from clean ones: one for each length to 64 granules, then 8 a doubling, and one
 * for the run at the end of the space. Spans are taken from that run last, however short it is (wilderness
 * preservation: Korn and Vo, In search of a better malloc, 1985). */
#define SS_RUN_EXACT 64u
#define SS_RUN_LISTS 192u
#define SS_RUN_LAST                                                                                \
    (SS_RUN_LISTS - 1) /* the run at the end: no run has the length of this number's list */

typedef struct ss_runs {
    uint64_t nonempty[SS_RUN_KINDS * SS_RUN_LISTS / 64];
    uint32_t head[SS_RUN_KINDS * SS_RUN_LISTS]; /* granule + 1, 0 for none */
} ss_runs;

/* ---- spaces ---- */

typedef enum ss_space_kind { SS_SPACE_HEADED, SS_SPACE_HEADLESS, SS_SPACE_EXTERNAL } ss_space_kind;

typedef struct ss_space {
    /* Set once, before the space is published. */
    uintptr_t base;
    ss_space_kind kind;
    uint8_t index;
    /* Headless spaces: a byte for each 32 of the addresses, in place of headers: the bin of the slab's live block that
     * starts there, or 0. No such block is of bin 0, whose class has 16 bytes. External spaces: a window's table, or
     * NULL. With a table, free memory goes back to the system; without one it is the caller's to give back. */
    _Atomic uint8_t *live;
    _Atomic uint32_t *entries;
    ss_granule *granules;
    /* The end of the records. They lie below the entries, so that the first records and entries share a page. */
    char *records;

    /* Bytes of addresses that are reserved, and that the space may grow to. `most` falls to `bytes` if other memory
     * lies behind the reservation. Written under the registry's lock. External spaces: both are the limit. */
    _Atomic size_t bytes, most;
    _Atomic size_t records_limit; /* bytes of records for which there are addresses */
    char *meta; /* the reservation for these arrays; guarded by the registry's lock */
    size_t meta_bytes;

    /* Commit frontiers. They only grow, and committing twice is harmless, so no lock is held. */
    _Atomic size_t entries_ready, granules_ready, records_ready; /* bytes */
    _Atomic size_t live_ready;     /* headless spaces: bytes of `live`, as far as there are slabs */
    _Atomic size_t external_bytes; /* external spaces: what the caller has made usable */

    /* Written by the slab layer alone. */
    struct ss_space_slabs {
        /* Lists of abandoned slabs with free blocks, one a bin of the space: tag << 32 | record id. */
        _Alignas(SS_CACHE_LINE) _Atomic uint64_t listed[SS_SPACE_BINS];
        _Atomic uint32_t spares[SS_SPACE_BINS]; /* number of listed slabs that are spares */
        _Atomic size_t spare_granules;
    } slabs;

    _Alignas(SS_CACHE_LINE) ss_biased_lock lock; /* guards all below, and `granules` */
    uint32_t granule_count;                      /* number of usable granules, from the first on */
    ss_runs runs;
    /* figures.c */
    uint32_t changes;      /* spans taken and released since the figures were published */
    uint32_t compare_at;   /* number of changes after which they are compared again */
    size_t published;      /* used_granules when they were published */
    size_t noted;          /* used_granules when publish_late was last set */
    uint32_t dirty_end;    /* nothing from this granule on is dirty */
    uint32_t clock;        /* counts dirty releases: runs are stamped with it */
    _Atomic uint32_t held; /* number of held spans; see ss_span_hold */
    /* Number of times the end came down: granules that were committed behind an older end are not added. */
    uint32_t shrinks;
    uintptr_t shrinking; /* the thread that decommits the end outside the lock, 0 for none */
    size_t used_granules, dirty_granules; /* dirty: free and dirty */
    /* Maxima of used_granules: over the present tick and the latest ones, in the present tick, and in each of the
     * latest ticks, of which peak_at is the oldest. */
    uint32_t peak, peak_now, peak_of[SS_DECAY_TICKS], peak_at;
    /* Large spans on their way back to the system: the first one's granule + 1; linked by `dirty`; see dirty.h. */
    uint32_t returning;
    uint32_t returning_granules; /* granules of all these spans */
    /* Without a scavenger: releases beyond the floor, of which few read the clock; and when the present tick began, in
     * nanoseconds. */
    uint32_t releases;
    uint32_t huge_skips; /* number of SuperSlabs that ss_huge_fill leaves to ordinary pages */
    uint32_t filled; /* the SuperSlab that ss_huge_fill filled last, its number + 1; 0 for none */
    uint64_t peak_since;
    uint32_t clock_at[SS_DECAY_TICKS]; /* `clock` at the latest ticks */
    /* What is released now is stamped as old, because it was idle in a sleeping thread's heap. Releases by other
     * threads at the same time are stamped so, too. */
    _Atomic bool aged;
    /* Written by the slab layer alone. */
    struct ss_space_records {
        size_t used;                            /* bytes */
        uint32_t free[SS_RECORD_MAX_UNITS + 1]; /* record ids, by length */
    } slab_records;
} ss_space;

/* ---- making and retiring ---- */

/* Makes the first headed space, at initialisation. False if the system refuses even the smallest one. */
bool ss_space_init(void);

/* Makes another space of malloc's, with room for `least` bytes in one piece. Also makes the first headless space, which most
 * small processes never need; returns that one if another thread has made it first. NULL if the system refuses. */
ss_space *ss_space_add(ss_space_kind kind, size_t least);

/* Makes an external space over the caller's memory, of which `bytes` are usable now and `limit` later; `live` is a
 * window's table or NULL. NULL if there is no memory or no place for another space. */
ss_space *ss_space_adopt(void *base, size_t bytes, size_t limit, uint8_t *live);
void ss_space_retire(ss_space *space);
/* Leaves bytes `from` to `to` of a window, and their part of its table, out of core dumps, or (`dumped`) puts them in
 * again. Does nothing for a region, whose mapping is the caller's. `from` is a multiple of a granule. */
void ss_space_dump(const ss_space *space, size_t from, size_t to, bool dumped);
/* In the child of a fork: takes the space at `base` out of the registry, if there is one, because another thread was
 * adopting or retiring it. Its metadata is lost, since it is not known how far that thread came. */
void ss_space_forget(uintptr_t base);

/* ---- its lock ---- */

static inline void ss_space_lock(ss_space *space) {
    ss_biased_take(&space->lock);
}

static inline void ss_space_unlock(ss_space *space) {
    ss_biased_release(&space->lock);
}

/* ---- its kind ---- */

static inline ss_space_kind ss_space_kind_of(const ss_space *space) {
    return space->kind;
}

static inline bool ss_space_is_headed(const ss_space *space) {
    return space->kind == SS_SPACE_HEADED;
}

static inline bool ss_space_is_headless(const ss_space *space) {
    return space->kind == SS_SPACE_HEADLESS;
}

static inline bool ss_space_is_external(const ss_space *space) {
    return space->kind == SS_SPACE_EXTERNAL;
}

/* Whether the space is a region: its memory is the caller's, also while it is free, and only the caller gives it back.
 * A window is an external space too, but it has a table. */
static inline bool ss_space_is_region(const ss_space *space) {
    return ss_space_is_external(space) && space->live == NULL;
}

/* Its place in the registry, by which a slab's record names it. */
static inline uint8_t ss_space_place(const ss_space *space) {
    return space->index;
}

/* ---- the bins of a space ----
 * A space has lists only for the bins of its kind. */

static inline unsigned ss_space_first_bin(const ss_space *space) {
    return ss_space_is_headed(space) ? SS_BIN_HEADED : 0;
}

static inline bool ss_space_has_bin(const ss_space *space, unsigned bin) {
    return bin - ss_space_first_bin(space) < SS_SPACE_BINS;
}

/* ---- its memory ---- */

/* The number of its usable granules, from the first on. */
static inline uint32_t ss_space_end(ss_space *space) {
    ss_space_lock(space);
    const uint32_t end = space->granule_count;
    ss_space_unlock(space);
    return end;
}

/* The same in the child of a fork, which has one thread and takes no lock. */
static inline uint32_t ss_space_end_inherited(const ss_space *space) {
    return space->granule_count;
}

/* Whether the space has addresses left for `count` granules in a row. If so, a refusal concerned memory, and another
 * space would not help. */
static inline bool ss_space_has_room(ss_space *space, uint32_t count) {
    ss_biased_take(&space->lock);
    size_t end = ((size_t)space->granule_count + count) << SS_GRANULE_SHIFT;
    ss_biased_release(&space->lock);
    return end <= atomic_load_explicit(&space->most, memory_order_relaxed);
}

/* What the caller of an external space has made usable. */
static inline size_t ss_space_usable_bytes(const ss_space *space) {
    /* Acquire: pairs with the release in ss_space_grow_external, so the memory is usable. */
    return atomic_load_explicit(&space->external_bytes, memory_order_acquire);
}
/* Makes an external space's memory usable up to `bytes`; a space that has as much stays as it is. */
void ss_space_grow_external(ss_space *space, size_t bytes);

/* Relaxed: the age that free memory is taken to have. */
static inline void ss_space_set_aged(ss_space *space, bool aged) {
    atomic_store_explicit(&space->aged, aged, memory_order_relaxed);
}

/* ---- its records ----
 * The slab layer has them; the space has their addresses. */

/* Their end: they lie below it. */
static inline char *ss_space_records(const ss_space *space) {
    return space->records;
}

/* The bytes of records that are committed. Acquire: pairs with the release in ss_meta_ensure_below, so they may be
 * accessed. */
static inline size_t ss_space_records_ready(const ss_space *space) {
    return atomic_load_explicit(&space->records_ready, memory_order_acquire);
}

/* The bytes of records for which there are addresses. Relaxed: an older value makes the caller ask again. */
static inline size_t ss_space_records_limit(const ss_space *space) {
    return atomic_load_explicit(&space->records_limit, memory_order_relaxed);
}

/* Commits room for one more record, so that taking it needs no system call. False if the system refuses. */
bool ss_space_ready_record(ss_space *space);

/* ---- its addresses ---- */

/* The bytes of addresses that are reserved for a space. Relaxed: a thread that has a block got it after the space had
 * grown that far. For any other address the answer may be an older one. */
static inline size_t ss_space_bytes(const ss_space *space) {
    return atomic_load_explicit(&space->bytes, memory_order_relaxed);
}

/* The distance of any address from the space's first one. */
static inline uintptr_t ss_space_offset(const ss_space *space, uintptr_t address) {
    return address - space->base;
}

/* The address at that distance. */
static inline uintptr_t ss_space_at(const ss_space *space, size_t offset) {
    return space->base + offset;
}

static inline bool ss_space_contains(const ss_space *space, uintptr_t address) {
    return ss_space_offset(space, address) < ss_space_bytes(space);
}

static inline uint32_t ss_space_granule(const ss_space *space, uintptr_t address) {
    return (uint32_t)(ss_space_offset(space, address) >> SS_GRANULE_SHIFT);
}

static inline char *ss_space_address(const ss_space *space, uint32_t granule) {
    return (char *)space->base + ((size_t)granule << SS_GRANULE_SHIFT);
}

/* The addresses of its arrays, which only grow. False while another thread makes, extends or retires a space. */
bool ss_space_arrays(const ss_space *space, uintptr_t *start, size_t *bytes);

/* The addresses of a window's table, 0 for any other space. */
static inline uintptr_t ss_space_table(const ss_space *space) {
    return ss_space_is_external(space) ? (uintptr_t)space->live : 0;
}

/* ---- its table of live blocks ---- */

/* The byte of a headless space's table for an address, NULL where the table is not committed or the address
 * is beyond the space. */
static inline _Atomic uint8_t *ss_live_at(ss_space *space, uintptr_t address) {
    uintptr_t at = (address - space->base) >> SS_HEADLESS_LIVE_SHIFT;
    /* Acquire: pairs with the release in ss_meta_ensure, so the byte is committed. */
    return at < atomic_load_explicit(&space->live_ready, memory_order_acquire) ? &space->live[at]
                                                                               : NULL;
}

/* The byte for a block in a headless space, or in an external one that has a table. NULL where it is not committed. */
const _Atomic uint8_t *ss_space_live_byte(ss_space *space, uintptr_t block);

/* Commits the part of a headless space's table that covers the granules below `end`; does nothing in other spaces. It is
 * zero, because each slab that was there before ended without a live block. False if the system refuses. */
bool ss_space_ready_live(ss_space *space, size_t end);

#endif
