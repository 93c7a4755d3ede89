/* Spaces and the registry: from any address to its space and entry without a lock, a hash or a
 * probe. */
#ifndef SS_SPACE_H
#define SS_SPACE_H

#include "base/biased.h"
#include "base/process.h"

/* ---- the registry's entries ---- */

#define SS_ENTRY_KIND_SHIFT 30
#define SS_ENTRY_VALUE ((UINT32_C(1) << SS_ENTRY_KIND_SHIFT) - 1)
typedef enum ss_entry_kind {
    SS_ENTRY_NONE = 0, /* value: 0, or how many granules are held from here on; see ss_span_hold */
    SS_ENTRY_SLAB = 1, /* value: the slab's record id; in every granule of the slab */
    SS_ENTRY_LARGE =
        2, /* value: granules of a large block, 0 once it is freed; in its first granule */
    SS_ENTRY_CACHED = 3 /* likewise, of one that was freed and is in a heap's large cache */
} ss_entry_kind;

/* ---- free runs ---- */

/* A free run of granules is kept in the node of its first granule and has its length at both ends, so that
 * its neighbours find it (boundary tags: Knuth, TAOCP 1, 2.5). A granule is dirty or clean, that is known to
 * read as zero; a run is dirty if any granule of it is. */
typedef enum ss_run_kind { SS_RUN_DIRTY, SS_RUN_CLEAN, SS_RUN_KINDS } ss_run_kind;

typedef struct ss_granule {
    uint32_t length; /* at either end of a free run, 0 anywhere else */
    uint32_t list;   /* in which it is */
    uint32_t prev,
        next;        /* in the same list; granule + 1, 0 ends. Of a span that is held: its holder */
    uint32_t dirty;  /* how many granules of the run are. Of spans that go back: the next one */
    uint32_t stamp;  /* dirty runs: when they became so; see ss_space.clock */
    uint32_t mask;   /* one of its SuperSlab's, of nothing to do with this granule */
    uint32_t unused; /* two nodes a cache line */
} ss_granule;

/* A SuperSlab's masks of its granules, in the nodes of the first of them: an array of their own would take a
 * small process another page. */
typedef enum ss_mask {
    SS_MASK_DIRTY,  /* free and dirty */
    SS_MASK_STARTS, /* a free run starts here */
    SS_MASK_MOVED   /* mapped by a page move */
} ss_mask;

/* Lists of free runs, dirty ones and clean ones apart: one for each length to 64 granules, then 8 a
 * doubling, and one for the run at the end of the space, which is taken from last, however short it is
 * (wilderness preservation: Korn and Vo, In search of a better malloc, 1985). */
#define SS_RUN_EXACT 64u
#define SS_RUN_LISTS 192u
#define SS_RUN_LAST                                                                                \
    (SS_RUN_LISTS - 1) /* no run is as long as this list would otherwise stand for */

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
    /* Headless spaces: a byte for each 32, the bin of the live block of a slab that starts there, or 0: the
     * header that it does not carry. The class of bin 0 is of 16 bytes, so no such block has it.
     * External spaces: a window's table, or NULL. With one, free memory is given back like our own; without
     * one it is not ours to give. */
    _Atomic uint8_t *live;
    _Atomic uint32_t *entries;
    ss_granule *granules;
    char *
        records; /* its end: they lie below the entries, so that the first of both are on one page */

    /* Addresses that are reserved, and how many there may be: `most` comes down to `bytes` where the system has
     * placed something else behind them. Written under spaces_lock. External spaces: the limit, both. */
    _Atomic size_t bytes, most;
    _Atomic size_t records_limit; /* bytes of records for which there are addresses */
    char *meta;                   /* what is reserved for these arrays; under spaces_lock */
    size_t meta_bytes;

    /* Commit frontiers. They only grow, and committing twice is harmless, so no lock is held. */
    _Atomic size_t entries_ready, granules_ready, records_ready; /* bytes */
    _Atomic size_t live_ready;     /* headless spaces: likewise, as far as there are slabs */
    _Atomic size_t external_bytes; /* external spaces: what the owner has made usable */

    /* Lists of abandoned slabs with free blocks, one a bin of the space: tag << 32 | record id. */
    _Alignas(SS_CACHE_LINE) _Atomic uint64_t listed[SS_SPACE_BINS];
    _Atomic uint32_t spares[SS_SPACE_BINS]; /* how many of those are spares */
    _Atomic size_t spare_granules;

    _Alignas(SS_CACHE_LINE) ss_biased_lock lock; /* guards all below, and `granules` */
    uint32_t granule_count;                      /* usable granules: the first so many */
    ss_runs runs;
    /* figures.c */
    uint32_t changes;      /* spans taken and released since the figures were published */
    uint32_t compare_at;   /* number of changes after which they are compared again */
    size_t published;      /* used_granules when they were published */
    size_t noted;          /* used_granules when publish_late was last set */
    uint32_t dirty_end;    /* nothing from this granule on is dirty */
    uint32_t clock;        /* counts releases: the age of runs is told by it */
    _Atomic uint32_t held; /* spans that are neither free nor in use; see ss_span_hold */
    uint32_t shrinks; /* how often the end came down: who committed for an older one did in vain */
    uintptr_t shrinking; /* the thread that decommits the end outside the lock, 0 for none */
    size_t used_granules, dirty_granules; /* dirty: free and dirty */
    /* The most granules that were used: in the present tick and the latest ones, in the present one, and in each
     * of the latest, of which peak_at is the oldest. */
    uint32_t peak, peak_now, peak_of[SS_DECAY_TICKS], peak_at;
    uint32_t returning;                /* the first of the spans that go back before they are free,
                                          granule + 1, linked by `dirty`; see dirty.h */
    uint32_t returning_granules;       /* how many granules these spans have */
    uint32_t releases;                 /* without a scavenger: until the clock is read */
    uint64_t peak_since;               /* likewise: when the present tick began, in nanoseconds */
    uint32_t clock_at[SS_DECAY_TICKS]; /* the clock at the latest ticks */
    _Atomic bool aged;   /* what is released now was idle before; approximate for other threads' */
    size_t records_used; /* bytes */
    uint32_t free_records[SS_RECORD_MAX_UNITS + 1];
} ss_space;

/* ---- what all spaces have in common ---- */

typedef struct ss_registry_data {
    /* First malloc's, which stay for ever, then the external ones, which may be retired: a thread that looks through
     * those counts itself in external_readers meanwhile. */
    _Atomic(ss_space *) spaces[SS_SPACE_COUNT];
    _Atomic uint32_t space_count, external_count;      /* places in use; retired ones are NULL */
    _Atomic uint32_t external_readers[2];              /* by the phase in which they began */
    _Atomic uint32_t external_phase;                   /* the one in which readers begin now */
    ss_lock lock;                                      /* making and retiring spaces */
    _Atomic size_t committed_bytes[SS_SPACE_EXTERNAL]; /* headed, headless */
    _Atomic size_t charged_bytes; /* used or dirty; counted where SUPERSLAB_LIMIT is set alone */
    _Atomic uint32_t moved_superslabs; /* those with a granule in SS_MASK_MOVED */
} ss_registry_data;

extern ss_registry_data ss_registry_state SS_HIDDEN;
#define ss_registry (&ss_registry_state)

/* Where the first headed space begins, for realloc: SS_NO_BASE while there is an observer. */
extern _Atomic uintptr_t ss_resize_base SS_HIDDEN;

/* The first headless space: where almost every block without a header is. Before initialisation an empty one. */
extern _Atomic(ss_space *) ss_headless SS_HIDDEN;
/* The same for the free of aligned blocks: an empty one while there is an observer. */
extern _Atomic(ss_space *) ss_headless_hot SS_HIDDEN;

/* The bin of the slab in each granule of the first headed space, 0 where there is none: the hot free's
 * registry. Only pages of it for granules that were used cost memory. */
extern _Atomic uint8_t ss_headed_bins[SS_HEADED_GRANULES] SS_HIDDEN;

/* The bin of the slab that the address lies in, 0 if it is in none of the first headed
 * space, which begins at `base`. */
static inline size_t ss_bin_at(uintptr_t base, const void *address) {
    /* Relaxed: a thread that has a block got it, and with it the base and the entry, from its slab's owner; the
     * entry changes only while no thread has one. For a pointer that is no block any answer will do. */
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

/* ---- making and retiring ---- */

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

/* Whether the space has addresses left for `count` granules in a row: if so, a refusal was for want of
 * memory, and another region would not help. */
static inline bool ss_space_has_room(ss_space *space, uint32_t count) {
    ss_biased_take(&space->lock);
    size_t end = ((size_t)space->granule_count + count) << SS_GRANULE_SHIFT;
    ss_biased_release(&space->lock);
    return end <= atomic_load_explicit(&space->most, memory_order_relaxed);
}

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

/* ---- look-up ---- */

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
static inline ss_space *ss_space_internal(uint32_t index) {
    /* Relaxed: the index is below a count that was acquired, and the space was published before it. */
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
        if (address - space->base < ss_space_bytes(space))
            return space;
    }
    return NULL;
}

static inline bool ss_space_has_external(void) {
    /* Relaxed: whoever knows of a region knows that it was counted. */
    return atomic_load_explicit(&ss_registry->external_count, memory_order_relaxed) != 0;
}

/* The space at `address`, or NULL. */
static inline ss_space *ss_space_find(uintptr_t address) {
    ss_space *space = ss_space_find_internal(address);
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

#endif
