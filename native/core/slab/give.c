/* Blocks go back to their slabs, grouped by slab and word. */
#include "slab/give.h"

#include "base/route.h"
#include "slab/owner.h"
#include "slab/slab_checks.h"
#include "slab/state.h"

/* Enters a slab of an external space: see ss_state_givers. */
static bool slab_enter(ss_slab *slab) {
    uint64_t state = ss_state_load(slab, memory_order_relaxed);
    do
        if (state & SS_STATE_DEAD)
            return false;
    /* Acquire: what the slab is, as whoever published it wrote it. */
    while (!ss_state_change(slab, &state, state + SS_STATE_GIVER, memory_order_acquire,
                            memory_order_relaxed));
    return true;
}

/* The bits of one word are set: counts them, and adopts, lists or ends a slab that was full. Who entered
 * the slab leaves it by the same step. */
static void slab_count(ss_space *space, ss_slab *slab, uint32_t count, ss_giver *giver) {
    const ss_slab_view view = ss_slab_read(slab); /* see ss_slab_end */
    const bool adopt = giver->wanted == view.bin && giver->ring->first == NULL;
    const uint64_t adopted = (uint64_t)giver->owner << SS_STATE_OWNER_SHIFT | SS_STATE_OWNED;
    const uint64_t leave = space->kind == SS_SPACE_EXTERNAL ? SS_STATE_GIVER : 0;
    uint64_t state = ss_state_load(slab, memory_order_relaxed), next;
    bool spare = false; /* counted as one already */
    do {
        uint64_t free = (state & SS_STATE_COUNT) + count;
        next = state + count - leave;
        if (!(state & (SS_STATE_OWNED | SS_STATE_SPARE)) && free != 0) {
            if (free == view.class->capacity && ss_state_givers(space, next) == 0)
                next = spare || (spare = ss_spare_add(space, view))
                           ? SS_STATE_SPARE | SS_STATE_LISTED | free
                           : SS_STATE_DEAD;
            else if (adopt && !(state & SS_STATE_LISTED))
                next = (next & ~SS_STATE_OWNER) | adopted; /* whoever had it last */
            else
                next |= SS_STATE_LISTED;
        }
        /* Release: the owner sees the bits, and what the blocks' users wrote. Acquire: who ends or
         * adopts the slab has seen all that was written to it. */
    } while (!ss_state_change(slab, &state, next, memory_order_acq_rel, memory_order_relaxed));
    SS_CHECK((next & SS_STATE_COUNT) <= view.class->capacity);
    bool was_listed = (state & SS_STATE_LISTED) != 0;
    if (spare && !(next & SS_STATE_SPARE & ~state))
        ss_spare_drop(space, view);
    if (state & SS_STATE_OWNED)
        return;
    if (next == SS_STATE_DEAD)
        ss_slab_end(space, view, was_listed ? NULL : slab);
    else if (next & SS_STATE_OWNED)
        ss_ring_add(giver->ring, slab);
    else if ((next & SS_STATE_LISTED) && !was_listed)
        ss_slab_push(space, slab);
}

/* Bits collected for one word of one slab. */
typedef struct give_group {
    ss_slab *slab;
    ss_space *space;
    uint32_t granule; /* the slab's first, when it was found */
    uint8_t bin;      /* likewise */
    uint32_t word;
    uint64_t bits;
} give_group;

#define GROUP_COUNT 16u

/* Enters an external slab that is still what it was when it was found; a fault for each block if not. */
static SS_COLD bool group_enter(give_group *group, ss_giver *giver, ss_faults *faults) {
    if (slab_enter(group->slab)) {
        ss_slab_view view = ss_slab_read(group->slab);
        if (view.granule == group->granule && view.bin == group->bin)
            return true;
        slab_count(group->space, group->slab, 0, giver);
    }
    const ss_class *class = &ss_process->classes[group->bin];
    const char *base = (const char *)ss_space_address(group->space, group->granule) + class->first;
    for (uint64_t rest = group->bits; rest != 0; rest &= rest - 1) {
        uint32_t index = group->word * 64 + (uint32_t)__builtin_ctzll(rest);
        ss_fault_add(faults, SUPERSLAB_ERROR_DOUBLE_FREE, base + (size_t)index * class->stride);
    }
    return false;
}

static uint32_t group_finish(give_group *group, ss_giver *giver, ss_faults *faults) {
    ss_slab *slab = group->slab;
    const bool entered = group->space->kind == SS_SPACE_EXTERNAL;
    if (entered && !group_enter(group, giver, faults))
        return 0;
    uint64_t own = 0;
    /* Relaxed: a block that its owner gives back in the same instant is found when the bits meet: owner.c. */
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) != 0)
        own = atomic_load_explicit(ss_slab_owned(slab, ss_slab_read(slab).class) + group->word,
                                   memory_order_relaxed);
    /* Release: a taker that sees a bit sees what the block's user wrote. */
    uint64_t old = own | atomic_fetch_or_explicit(&slab->bits[group->word], group->bits & ~own,
                                                  memory_order_release);
    ss_slab_view view = ss_slab_read(slab);
    for (uint64_t twice = old & group->bits; twice != 0; twice &= twice - 1) {
        uint32_t index = group->word * 64 + (uint32_t)__builtin_ctzll(twice);
        ss_fault_add(
            faults, SUPERSLAB_ERROR_DOUBLE_FREE,
            (void *)(ss_slab_base(group->space, view) + (uintptr_t)index * view.class->stride));
    }
    uint32_t count = ss_popcount(group->bits & ~old);
#ifdef SUPERSLAB_TRACE
    uint64_t state = ss_state_load(slab, memory_order_relaxed);
    if ((state & SS_STATE_OWNED) && state >> SS_STATE_OWNER_SHIFT == giver->owner)
        SS_ROUTE(FLUSH_OWN, count);
    else
        SS_ROUTE(FLUSH_REMOTE, count);
#endif
    if (count != 0 || entered)
        slab_count(group->space, slab, count, giver);
    return count;
}

static uint32_t give_shared(void *const *blocks, uint32_t count, unsigned bin, ss_giver *giver,
                            ss_faults *faults) {
    give_group groups[GROUP_COUNT];
    uint32_t open = 0; /* one bit a group in use */
    ss_space *space = giver->space;
    ss_slab *slab = NULL;
    ss_slab_view view = {.class = NULL};
    uintptr_t base = 0, bytes = 0;
    uint32_t given = 0;
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t address = (uintptr_t)blocks[i];
        if (address - base >= bytes) { /* not in the same slab as the one before */
            if (space == NULL || address - space->base >= ss_space_bytes(space))
                space = ss_space_find(address);
            slab = space == NULL ? NULL : ss_slab_find(space, address);
            if (slab == NULL) {
                bytes = 0;
                ss_fault_add(faults,
                             ss_slab_was_at(space, address) ? SUPERSLAB_ERROR_DOUBLE_FREE
                                                            : SUPERSLAB_ERROR_UNKNOWN_POINTER,
                             blocks[i]);
                continue;
            }
            view = ss_slab_read(slab);
            base = ss_slab_base(space, view);
            bytes = (uintptr_t)view.class->granules << SS_GRANULE_SHIFT;
        }
        uint32_t index = ss_slab_index(view.class, address - base);
        if (index == SS_NO_BLOCK) {
            ss_fault_add(faults, SUPERSLAB_ERROR_INSIDE_BLOCK, blocks[i]);
            continue;
        }
        if (view.bin != bin && bin != SS_BIN_COUNT) {
            ss_fault_add(faults, SUPERSLAB_ERROR_WRONG_CLASS, blocks[i]);
            continue;
        }
        uint32_t word = index / 64;
        uint64_t bit = UINT64_C(1) << (index % 64);
        uint32_t place = (view.granule + word) % GROUP_COUNT;
        give_group *group = &groups[place];
        if ((open >> place & 1) == 0) {
            *group = (give_group){slab, space, view.granule, view.bin, word, 0};
            open |= UINT32_C(1) << place;
        } else if (group->slab != slab || group->word != word) {
            given += group_finish(group, giver, faults);
            *group = (give_group){slab, space, view.granule, view.bin, word, 0};
        }
        if (group->bits & bit)
            ss_fault_add(faults, SUPERSLAB_ERROR_DOUBLE_FREE, blocks[i]);
        group->bits |= bit;
    }
    for (; open != 0; open &= open - 1)
        given += group_finish(&groups[__builtin_ctz(open)], giver, faults);
    return given;
}

/* ---- to slabs of the giver's own ---- */

/* One that the giver's heap had emptied and let go, and that nobody has given to since, is its own again. */
static SS_NOINLINE bool slab_regain(ss_space *space, ss_slab *slab, ss_giver *giver) {
    uint64_t state = (uint64_t)giver->owner << SS_STATE_OWNER_SHIFT;
    if (giver->wanted == SS_BIN_COUNT || !ss_ring_takes(giver->ring, space) ||
        /* Relaxed: this thread has let it go, and nobody has changed it since. */
        !ss_state_change(slab, &state, state | SS_STATE_OWNED, memory_order_relaxed,
                         memory_order_relaxed))
        return false;
    ss_ring_add(giver->ring, slab);
    return true;
}

/* The slab's blocks may all be free: then it goes, unless it is the only one that the heap has. */
static void own_end(ss_slab *slab, const ss_class *class, ss_giver *giver) {
    const uint64_t state = ss_state_load(slab, memory_order_relaxed);
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) + (state & SS_STATE_COUNT) !=
            class->capacity ||
        ss_ring_count(giver->ring) < 2)
        return;
    ss_ring_drop(giver->ring, slab);
    ss_slab_abandon_whole(slab);
}

/* False if the block is of a slab that is not the giver's, or no block of `bin`: then nothing has changed. */
static bool own_give(ss_space *space, uintptr_t address, unsigned bin, ss_giver *giver,
                     ss_faults *faults, uint32_t *given) {
    if (SS_UNLIKELY(address - space->base >= ss_space_bytes(space)))
        return false;
    ss_slab *slab = ss_slab_find(space, address);
    if (SS_UNLIKELY(slab == NULL))
        return false;
    const uint64_t state = ss_state_load(slab, memory_order_relaxed);
    const ss_slab_view view = ss_slab_read(slab);
    if (state >> SS_STATE_OWNER_SHIFT != giver->owner || view.bin != bin)
        return false;
    const uint32_t index = ss_slab_index(view.class, address - ss_slab_base(space, view));
    if (SS_UNLIKELY(index == SS_NO_BLOCK))
        return false;
    if (SS_UNLIKELY((state & SS_STATE_OWNED) == 0) && !slab_regain(space, slab, giver))
        return false; /* others have given to it */
    SS_CHECK(ss_check_owner(slab, giver->owner));
    if (SS_UNLIKELY(!ss_owner_give(slab, view.class, index, state))) {
        ss_fault_add(faults, SUPERSLAB_ERROR_DOUBLE_FREE, (void *)address);
        return true;
    }
    ++*given;
    own_end(slab, view.class, giver);
    return true;
}

uint32_t ss_slab_give(void *const *blocks, uint32_t count, unsigned bin, ss_giver *giver,
                      ss_faults *faults) {
    enum { BATCH = 64, FOREIGN = 2 };
    if (!giver->keeps)
        return give_shared(blocks, count, bin, giver, faults);
    ss_space *space = bin >= SS_BIN_HEADED ? ss_space_internal(0) : ss_space_headless();
    void *others[BATCH];
    uint32_t held = 0, given = 0, i = 0;
    /* Where most are of slabs that are not its own, it looks no further for those that are. */
    for (; i < count && held < BATCH && held <= given + FOREIGN; i++)
        if (!own_give(space, (uintptr_t)blocks[i], bin, giver, faults, &given))
            others[held++] = blocks[i];
    given += give_shared(others, held, bin, giver, faults);
    return given + give_shared(blocks + i, count - i, bin, giver, faults);
}
