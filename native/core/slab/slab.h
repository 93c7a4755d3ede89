/* Slabs and their ownership. The protocol, on one word (`state`) and the shared half of the bitmap (`bits`):
 *
 *   owned       SS_STATE_OWNED is set. Only the owning heap takes blocks; any thread gives blocks back.
 *   full        no flag is set, the count is 0. The slab is on no list; a thread that frees one of its blocks finds it.
 *   listed      SS_STATE_LISTED is set and the count is positive. The slab is on its class's list or about to be.
 *   spare       listed with all its blocks free; SS_STATE_SPARE is set.
 *   dead        SS_STATE_DEAD is set. The slab's granules are freed; a record that is listed waits to be popped.
 *
 *   give k      set k bits, then add k to the count. The thread that makes the count of a full slab positive lists or
 *               adopts the slab. The thread that makes all blocks of a slab without an owner free makes it a spare, if
 *               its class may have one more; else the slab is dead, and that thread frees its granules.
 *   take k      the owner subtracts k from the count, then clears k bits. Invariant: count <= number of set bits, and
 *               only the owner clears bits. So the owner always finds k bits.
 *   abandon     owned -> full, listed, spare or dead, by the count.
 *   adopt       pop from the list. listed or spare -> owned; the record of a dead slab becomes free.
 *
 * Every change of the state is one atomic operation, every change of the shared bits one atomic `or` or `and` a word.
 * A block that is given back keeps its slab alive until it is counted, so no giver meets a dead slab. In an external
 * space any caller may give any block. So givers enter a slab first, and a slab with givers inside does not end.
 *
 * The other half of the bits is the owner's, which changes it by plain stores: owner.h. */
#ifndef SS_SLAB_H
#define SS_SLAB_H

#include "base/fault.h"
#include "space/registry.h"

/* A slab's state is one word: the number of its free blocks by the shared bits, less those that a take in progress has
 * subtracted; the number of the heap that owns the slab; and flags. */
#define SS_STATE_COUNT UINT64_C(0xffff)
#define SS_STATE_OWNED (UINT64_C(1) << 16)
#define SS_STATE_LISTED (UINT64_C(1) << 17)
#define SS_STATE_DEAD (UINT64_C(1) << 18)
#define SS_STATE_SPARE (UINT64_C(1) << 19)  /* listed, all blocks free, and counted as a spare */
#define SS_STATE_PARKED (UINT64_C(1) << 20) /* owned by the thread that holds park_lock */
#define SS_STATE_OWNER_SHIFT 32
#define SS_STATE_OWNER (~UINT64_C(0) << SS_STATE_OWNER_SHIFT)

/* The record of a slab, in 64-byte units of its space's record arena, never in the slab itself. The plain words are the
 * owner's. The others are atomic, because any thread that looks up an address reads them, and because the record may
 * become another slab's while a thread reads it that has no block of the slab. */
typedef struct ss_slab {
    _Atomic uint64_t state;
    _Atomic uint64_t info; /* what it is, in one word: see ss_slab_read */
    _Atomic uint32_t next; /* record id of the next slab on the list or in the owner's ring */
    uint32_t prev;         /* the owner's: record id of the slab before it in the ring */
    /* The owner's: free blocks at the scavenger's last visit, 0 after a take; see purge.c and ring.c. */
    uint32_t seen_free;
    _Atomic uint32_t owner_free; /* blocks free by the owner's bits; only the owner writes */
    uint64_t purged; /* the owner's: units that were purged and hold no memory; pages.c */
    uint64_t words;  /* the owner's: one bit for each word of its half that is not 0 */
    /* Two bits a block, one of them set while the block is free and in no bin. The first half of the words is shared:
     * any thread sets bits there. The second half is the owner's; no other thread writes it. */
    _Atomic uint64_t bits[];
} ss_slab;
_Static_assert(sizeof(ss_slab) == SS_RECORD_FIXED_BYTES,
               "bits of slabs to 64 blocks share the state's cache line");
_Static_assert(SS_GRANULE_BYTES / SS_ALIGNMENT / 64 <= sizeof(uint64_t) * 8,
               "`words` has a bit for each word of a half");
_Static_assert(SS_SPACE_COUNT <= 256, "a space's index is one byte, also in `info`");

static inline ss_slab *ss_slab_of_id(const ss_space *space, uint32_t id) {
    return (ss_slab *)(void *)(ss_space_records(space) - ((size_t)id << SS_RECORD_SHIFT));
}

static inline uint32_t ss_slab_id(const ss_space *space, const ss_slab *slab) {
    return (uint32_t)((ss_space_records(space) - (const char *)slab) >> SS_RECORD_SHIFT);
}

/* ---- acquiring, taking, abandoning ---- */

/* Adopts or makes a slab of the bin's class, which `owner` then owns. NULL without memory. With `space` NULL the slab
 * is of any space of malloc. */
ss_slab *ss_slab_acquire(unsigned bin, uint32_t owner, ss_space *space);

/* Takes up to `count` blocks for the owner and returns their number. The lowest addresses come last in `blocks`, so
 * they are on top of a bin. */
uint32_t ss_slab_take(ss_slab *slab, void **blocks, uint32_t count);

/* Ends the ownership. True if the slab had free blocks left. */
bool ss_slab_abandon(ss_slab *slab);

/* The same for a slab whose blocks are all free: it becomes a spare if its class may have one more. */
void ss_slab_abandon_whole(ss_slab *slab);

/* Ends the ownership of a slab without free blocks. False, with nothing changed, if a block is free again. */
bool ss_slab_abandon_full(ss_slab *slab);

/* The owner of slabs that are adopted with park_lock held. The child of a fork lists them again if the lock's holder is
 * gone. */
#define SS_OWNER_PARKER UINT32_MAX

/* The two ways of ss_slab_acquire: from the list alone, and from new granules alone. */
ss_slab *ss_slab_adopt(ss_space *space, unsigned bin, uint32_t owner);
ss_slab *ss_slab_make(ss_space *space, unsigned bin, uint32_t owner);

/* Ends the ownership of a slab from which the owner took nothing: lists it, even if all its blocks are free. */
void ss_slab_list(ss_slab *slab);

/* ---- addresses ---- */

/* The slab whose granules hold the address, or NULL. */
static inline ss_slab *ss_slab_find(ss_space *space, uintptr_t address) {
    uint32_t entry = ss_entry_get(space, ss_space_granule(space, address));
    if (ss_entry_kind_of(entry) != SS_ENTRY_SLAB)
        return NULL;
    return ss_slab_of_id(space, entry & SS_ENTRY_VALUE);
}

/* What a slab is, read by one load. */
typedef struct ss_slab_view {
    const ss_class *class;
    uint32_t granule; /* its first */
    uint8_t bin;
    uint8_t space; /* index */
} ss_slab_view;

/* The same as one word, to compare: it changes when the record becomes that of another slab. */
static inline uint64_t ss_slab_identity(const ss_slab *slab) {
    /* Relaxed: the word is complete in itself, and does not change while the caller has a block of the slab. */
    return atomic_load_explicit(&slab->info, memory_order_relaxed);
}

static inline ss_slab_view ss_slab_read(const ss_slab *slab) {
    const uint64_t info = ss_slab_identity(slab);
    return (ss_slab_view){ss_bin_class(info >> 32 & 0xff), (uint32_t)info, (uint8_t)(info >> 32),
                          (uint8_t)(info >> 40)};
}

static inline uint64_t ss_slab_info(uint32_t granule, unsigned bin, unsigned space) {
    return (uint64_t)space << 40 | (uint64_t)bin << 32 | granule;
}

static inline ss_space *ss_slab_space(ss_slab_view view) {
    return ss_space_seen(view.space); /* the caller found the slab through it */
}

/* The address of block 0. */
static inline uintptr_t ss_slab_base(const ss_space *space, ss_slab_view view) {
    return (uintptr_t)ss_space_address(space, view.granule) + ss_class_first(view.class);
}

/* The address of a block. */
static inline uintptr_t ss_slab_block(const ss_space *space, ss_slab_view view, uint32_t index) {
    return ss_slab_base(space, view) + (uintptr_t)index * ss_class_stride(view.class);
}

/* Whether a block was there whose slab has ended since: the header that its free wrote is still there, unless the page
 * was purged. `space` may be NULL. */
bool ss_slab_was_at(const ss_space *space, uintptr_t address);

/* The owner's half of the bits. */
static inline _Atomic uint64_t *ss_slab_owned(ss_slab *slab, const ss_class *class) {
    return &slab->bits[ss_class_words(class)];
}

static inline bool ss_slab_is_free(const ss_slab *slab, const ss_class *class, uint32_t index) {
    const _Atomic uint64_t *given = &slab->bits[index / 64], *owned = given + ss_class_words(class);
    return (atomic_load_explicit(given, memory_order_relaxed) |
            atomic_load_explicit(owned, memory_order_relaxed)) >>
               (index % 64) &
           1;
}

/* ---- steps of giving back ---- */

static inline _Atomic uint64_t *ss_slab_listed(ss_space *space, unsigned bin) {
    return &space->slabs.listed[bin % SS_BIN_HEADED];
}

static inline _Atomic uint32_t *ss_slab_spares(ss_space *space, unsigned bin) {
    return &space->slabs.spares[bin % SS_BIN_HEADED];
}

/* Pushes a slab whose state says "listed" onto its class's list. */
void ss_slab_push(ss_space *space, ss_slab *slab);

/* Frees the granules of a slab that is dead now, and its record if `unlisted` is the slab. NULL for a slab on its list:
 * the thread that pops it frees the record, which may already be another slab's. So the caller passes in `view` what it
 * read before the state became dead. */
void ss_slab_end(ss_space *space, ss_slab_view view, ss_slab *unlisted);

/* Counts one more spare of the class, or returns false if it may have no more; counts one less. */
bool ss_spare_add(ss_space *space, ss_slab_view view);
void ss_spare_drop(ss_space *space, ss_slab_view view);

/* ---- refusals ---- */

/* Whether the space has no addresses left for another record. Dead slabs hold records until their lists are visited
 * (purge.h). */
bool ss_slab_records_spent(ss_space *space);

#endif
