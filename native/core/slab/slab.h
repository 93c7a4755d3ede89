/* Slabs and their ownership. The protocol, on one word (`state`) and the bitmap (`bits`):
 *
 *   owned       SS_STATE_OWNED is set; one heap alone takes blocks from it. Anybody gives blocks back.
 *   full        neither flag; the count is 0. No list holds it; who frees a block finds it.
 *   listed      SS_STATE_LISTED is set, the count is positive; it is on its class's list or about to be.
 *   spare       listed with all its blocks free, and SS_STATE_SPARE is set.
 *   dead        SS_STATE_DEAD is set: its granules are gone, only its record waits to leave the list.
 *
 *   give k      set the bits, then add k to the count. full -> listed, or owned by the giver: the one
 *               who makes the count positive lists or adopts it. With all blocks free -> spare, if its
 *               class may have one more, else dead: the one who completes it frees its granules.
 *   take k      the owner subtracts k from the count first, then clears k bits. There are never fewer
 *               bits than the count says, and only the owner clears bits, so it always finds k.
 *   abandon     owned -> full, listed or dead, by what the count says.
 *   adopt       pop from the list; listed or spare -> owned, dead -> its record is free.
 *
 * Every change of state is one compare-and-swap or add; the bits are one atomic or / and a word. A block
 * that is given back keeps its slab alive until its bit is counted, so no giver can meet a dead slab. In an
 * external space anybody may give, so givers enter a slab first, and a slab that somebody is in does not
 * end. */
#ifndef SS_SLAB_H
#define SS_SLAB_H

#include "base/fault.h"
#include "space/space.h"

/* A slab's state is one word: the number of its free blocks that are not reserved, which heap may
 * take them, and whether it is on its class's list. */
#define SS_STATE_COUNT UINT64_C(0xffff)
#define SS_STATE_OWNED (UINT64_C(1) << 16)
#define SS_STATE_LISTED (UINT64_C(1) << 17)
#define SS_STATE_DEAD (UINT64_C(1) << 18)
#define SS_STATE_SPARE (UINT64_C(1) << 19)  /* listed, all blocks free, and counted as a spare */
#define SS_STATE_PARKED (UINT64_C(1) << 20) /* owned by the thread that holds park_lock */
#define SS_STATE_OWNER_SHIFT 32
#define SS_STATE_OWNER (~UINT64_C(0) << SS_STATE_OWNER_SHIFT)

/* The record of a slab, in 64-byte units of its space's record arena, never in the slab itself. Every
 * word but `seen_free` and `purged`, which are the owner's, is atomic: a record is read by any thread that looks up an
 * address, and may become another slab's at any time for a thread that has no block of it. */
typedef struct ss_slab {
    _Atomic uint64_t state;
    _Atomic uint64_t info; /* what it is, in one word: see ss_slab_read */
    _Atomic uint32_t next; /* record id of the next slab on the list, or of its owner's ring */
    uint32_t prev;         /* the owner's: in its ring */
    uint32_t
        seen_free; /* the owner's: free blocks that the scavenger saw last, 0 since a take; purge.c */
    _Atomic uint32_t
        owner_free;  /* blocks that are free by the owner's bits; only the owner writes */
    uint64_t purged; /* units of the slab that hold no memory; see purge.c */
    uint64_t words;  /* the owner's: one bit for each word of its bits that is not 0 */
    /* One bit a block, set while the block is free and in no bin: in the first half of the words what any
     * thread gave back, in the second half what the owner gave back, which no other thread writes. */
    _Atomic uint64_t bits[];
} ss_slab;
_Static_assert(sizeof(ss_slab) == SS_RECORD_FIXED_BYTES,
               "bits of slabs to 64 blocks share the state's cache line");

static inline ss_slab *ss_slab_of_id(const ss_space *space, uint32_t id) {
    return (ss_slab *)(void *)(space->records - ((size_t)id << SS_RECORD_SHIFT));
}

static inline uint32_t ss_slab_id(const ss_space *space, const ss_slab *slab) {
    return (uint32_t)((space->records - (const char *)slab) >> SS_RECORD_SHIFT);
}

/* ---- taking, owning, letting go ---- */

/* A slab of the bin's class that `owner` may take from: adopted, or new. NULL without memory.
 * `space` is NULL for the spaces of malloc. */
ss_slab *ss_slab_acquire(unsigned bin, uint32_t owner, ss_space *space);

/* Takes up to `count` blocks as the owner, the ones at low addresses last in `blocks`. */
uint32_t ss_slab_take(ss_slab *slab, void **blocks, uint32_t count);

/* Ends the ownership. True if the slab had free blocks left. */
bool ss_slab_abandon(ss_slab *slab);

/* The same for a slab whose blocks are all free, which may stay as a spare. */
void ss_slab_abandon_whole(ss_slab *slab);

/* Ends the ownership if there is nothing to take; false if somebody has just given a block back. */
bool ss_slab_abandon_full(ss_slab *slab);

/* The owner of a slab that is adopted with park_lock held: the child of a fork lists it again if the thread that had
 * the lock is gone. */
#define SS_OWNER_PARKER UINT32_MAX

/* One step of ss_slab_acquire each: from the list alone, from new granules alone. */
ss_slab *ss_slab_adopt(ss_space *space, unsigned bin, uint32_t owner);
ss_slab *ss_slab_make(ss_space *space, unsigned bin, uint32_t owner);

/* Lists a slab that its owner has not taken from, whole as it is. */
void ss_slab_list(ss_slab *slab);

/* ---- addresses ---- */

/* The slab whose granules hold the address, or NULL. */
static inline ss_slab *ss_slab_find(ss_space *space, uintptr_t address) {
    uint32_t entry = ss_entry_get(space, ss_space_granule(space, address));
    if (ss_entry_kind_of(entry) != SS_ENTRY_SLAB)
        return NULL;
    return ss_slab_of_id(space, entry & SS_ENTRY_VALUE);
}

/* What a slab is, read at one instant. */
typedef struct ss_slab_view {
    const ss_class *class;
    uint32_t granule; /* its first */
    uint8_t bin;
    uint8_t space; /* index */
} ss_slab_view;

static inline ss_slab_view ss_slab_read(const ss_slab *slab) {
    /* Relaxed: the word is whole in itself, and for whoever has a block it does not change. */
    uint64_t info = atomic_load_explicit(&slab->info, memory_order_relaxed);
    return (ss_slab_view){&ss_process->classes[info >> 32 & 0xff], (uint32_t)info,
                          (uint8_t)(info >> 32), (uint8_t)(info >> 40)};
}

static inline uint64_t ss_slab_info(uint32_t granule, unsigned bin, unsigned space) {
    return (uint64_t)space << 40 | (uint64_t)bin << 32 | granule;
}

static inline ss_space *ss_slab_space(ss_slab_view view) {
    /* Relaxed: whoever has a slab has found it in its space. */
    return atomic_load_explicit(&ss_registry->spaces[view.space], memory_order_relaxed);
}

/* The address of block 0. */
static inline uintptr_t ss_slab_base(const ss_space *space, ss_slab_view view) {
    return (uintptr_t)ss_space_address(space, view.granule) + view.class->first;
}

/* Whether a block was there whose whole slab has gone since: it still has the header that its free
 * wrote, unless its page is gone too. `space` may be NULL. */
bool ss_slab_was_at(const ss_space *space, uintptr_t address);

#define SS_NO_BLOCK UINT32_MAX

/* The index of the block that starts `offset` bytes after block 0 of a slab. */
static inline uint32_t ss_slab_index(const ss_class *class, uintptr_t offset) {
    uint32_t index = (uint32_t)((((uint64_t)offset >> 4) * class->reciprocal) >> 31);
    return (uint64_t)index * class->stride == offset && index < class->capacity ? index
                                                                                : SS_NO_BLOCK;
}

/* The words of what the owner gave back. */
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

/* Puts a slab whose state says so on its class's list. */
void ss_slab_push(ss_space *space, ss_slab *slab);

/* The slab is dead: frees its granules, and its record if it was `unlisted`, else NULL. The record of one on
 * its list may already be another slab's, for whoever pops it gives it away. So what it was is told by
 * the caller, who looked before. */
void ss_slab_end(ss_space *space, ss_slab_view view, ss_slab *unlisted);

/* Counts one more spare of the class if there may be one; one less. */
bool ss_spare_add(ss_space *space, ss_slab_view view);
void ss_spare_drop(ss_space *space, ss_slab_view view);

/* ---- refusals and fork ---- */

/* Whether the space has no address left for one more record: dead slabs hold some, until their lists are visited
 * (purge.h). */
bool ss_slab_records_spent(ss_space *space);

/* An ss_slab_length. */
uint32_t ss_slab_granules_at(const ss_space *space, uint32_t granule, uint32_t record);

/* In a child, of a slab whose owner's thread is gone, in the middle of whatever it was at: lists it, with the free
 * blocks that its bits tell of. Takes no lock. */
void ss_slab_inherit(ss_space *space, ss_slab *slab);

#endif
