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

#include "class.h"
#include "space.h"

void ss_fault_add(ss_faults *faults, superslab_error error, const void *pointer);

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

/* Who gives blocks back. A heap that has no slab of the bin `wanted` adopts a full one that it gives to,
 * rather than list it and look for it soon after; SS_BIN_COUNT wants none. */
typedef struct ss_giver {
    uint32_t owner; /* 0 owns none */
    unsigned wanted;
    ss_ring *ring;   /* of the owner's slabs of the blocks' class, NULL if it owns none */
    bool keeps;      /* what it gives to slabs of its own goes by plain stores; see ss_own_keeps */
    ss_space *space; /* where the first block probably is, or NULL */
} ss_giver;

/* Gives blocks back to the slabs they are from, whoever owns those; how many it could. Blocks must
 * be of `bin` unless that is SS_BIN_COUNT. */
uint32_t ss_slab_give(void *const *blocks, uint32_t count, unsigned bin, ss_giver *giver,
                      ss_faults *faults);

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

static inline ss_slab_view ss_slab_look(const ss_slab *slab) {
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
    return atomic_load_explicit(&ss_process->spaces[view.space], memory_order_relaxed);
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

static inline uint32_t ss_slab_words(const ss_class *class) {
    return (class->capacity + 63u) / 64;
}

/* The words of what the owner gave back. */
static inline _Atomic uint64_t *ss_slab_owned(ss_slab *slab, const ss_class *class) {
    return &slab->bits[ss_slab_words(class)];
}

static inline bool ss_slab_is_free(const ss_slab *slab, const ss_class *class, uint32_t index) {
    const _Atomic uint64_t *given = &slab->bits[index / 64], *owned = given + ss_slab_words(class);
    return (atomic_load_explicit(given, memory_order_relaxed) |
            atomic_load_explicit(owned, memory_order_relaxed)) >>
               (index % 64) &
           1;
}

/* The length of the record of a slab, in 64-byte units. */
static inline uint32_t ss_slab_units(const ss_class *class) {
    size_t words = 2 * (size_t)ss_slab_words(class);
    return (uint32_t)((sizeof(ss_slab) + words * 8 + ((size_t)1 << SS_RECORD_SHIFT) - 1) >>
                      SS_RECORD_SHIFT);
}

/* ---- steps of giving back, by give.c, that are slab.c's ---- */

/* Puts a slab whose state says so on its class's list. */
void ss_slab_push(ss_space *space, ss_slab *slab);

/* The slab is dead: frees its granules, and its record if it was `unlisted`, else NULL. The record of one on
 * its list may already be another slab's, for whoever pops it gives it away. So what it was is told by
 * the caller, who looked before. */
void ss_slab_end(ss_space *space, ss_slab_view view, ss_slab *unlisted);

/* Counts one more spare of the class if there may be one; one less. */
bool ss_spare_add(ss_space *space, ss_slab_view view);
void ss_spare_drop(ss_space *space, ss_slab_view view);

#endif
