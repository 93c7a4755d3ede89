/* Gives blocks back to their slabs, grouped by slab and bitmap word. */
#include "slab/give.h"

#include "base/route.h"
#include "slab/owner.h"
#include "slab/slab_checks.h"
#include "slab/state.h"

/* Enters a slab of an external space; false if it is dead. See SS_STATE_GIVER. */
static bool slab_enter(ss_slab *slab) {
    uint64_t state = ss_state_load(slab, memory_order_relaxed);
    do
        if (state & SS_STATE_DEAD)
            return false;
    /* Acquire: pairs with the release in slab_publish, so the giver sees what the slab is. */
    while (!ss_state_change(slab, &state, state + SS_STATE_GIVER, memory_order_acquire,
                            memory_order_relaxed));
    return true;
}

/* Adds `count` to the state, after that many bits of one word were set. If no heap owns the slab, the same atomic
 * step lists, adopts or ends it, or makes it a spare. A giver that entered the slab leaves it by that step too. */
static void slab_count(ss_space *space, ss_slab *slab, uint32_t count, ss_giver *giver) {
    const ss_slab_view view = ss_slab_read(slab); /* before the change: see ss_slab_end */
    const bool adopt = giver->wanted == view.bin && giver->ring->first == NULL;
    const uint64_t adopted = (uint64_t)giver->owner << SS_STATE_OWNER_SHIFT | SS_STATE_OWNED;
    const uint64_t leave = ss_space_is_external(space) ? SS_STATE_GIVER : 0;
    uint64_t state = ss_state_load(slab, memory_order_relaxed), next;
    bool spare = false; /* the slab is already counted as a spare */
    do {
        uint64_t free = (state & SS_STATE_COUNT) + count;
        next = state + count - leave;
        if (!(state & (SS_STATE_OWNED | SS_STATE_SPARE)) && free != 0) {
            if (free == ss_class_capacity(view.class) && ss_state_givers(space, next) == 0)
                next = spare || (spare = ss_spare_add(space, view))
                           ? SS_STATE_SPARE | SS_STATE_LISTED | free
                           : SS_STATE_DEAD;
            else if (adopt && !(state & SS_STATE_LISTED))
                next = (next & ~SS_STATE_OWNER) | adopted; /* the last owner's number goes */
            else
                next |= SS_STATE_LISTED;
        }
        /* Release: the owner sees the bits, and what the blocks' users wrote. Acquire: a thread that ends or
         * adopts the slab sees what all earlier givers wrote. */
    } while (!ss_state_change(slab, &state, next, memory_order_acq_rel, memory_order_relaxed));
    SS_CHECK((next & SS_STATE_COUNT) <= ss_class_capacity(view.class));
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
    uint32_t granule; /* the slab's first one when it was looked up */
    uint8_t bin;      /* the slab's, likewise */
    uint32_t word;
    uint64_t bits;
} give_group;

#define GROUP_COUNT 16u

/* Enters an external slab if it is still the one that the look-up found. If not, the blocks' slab has ended: each
 * block is reported as a double free. */
static SS_COLD bool group_enter(give_group *group, ss_giver *giver, ss_faults *faults) {
    if (slab_enter(group->slab)) {
        ss_slab_view view = ss_slab_read(group->slab);
        if (view.granule == group->granule && view.bin == group->bin)
            return true;
        slab_count(group->space, group->slab, 0, giver);
    }
    const ss_class *class = ss_bin_class(group->bin);
    const char *base =
        (const char *)ss_space_address(group->space, group->granule) + ss_class_first(class);
    for (uint64_t rest = group->bits; rest != 0; rest &= rest - 1) {
        uint32_t index = group->word * 64 + (uint32_t)__builtin_ctzll(rest);
        ss_fault_add(faults, SUPERSLAB_ERROR_DOUBLE_FREE,
                     base + (size_t)index * ss_class_stride(class));
    }
    return false;
}

static uint32_t group_finish(give_group *group, ss_giver *giver, ss_faults *faults) {
    ss_slab *slab = group->slab;
    const bool entered = ss_space_is_external(group->space);
    if (entered && !group_enter(group, giver, faults))
        return 0;
    uint64_t owned = 0;
    /* Relaxed: this may miss the bit of a block that the owner gives back at the same moment. That double free is
     * found when the owner's bits meet the shared ones: owner.c. */
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) != 0)
        owned = atomic_load_explicit(ss_slab_owned(slab, ss_slab_read(slab).class) + group->word,
                                     memory_order_relaxed);
    /* Release: a taker that sees a bit sees what the block's user wrote. */
    uint64_t old = owned | atomic_fetch_or_explicit(&slab->bits[group->word], group->bits & ~owned,
                                                    memory_order_release);
    ss_slab_view view = ss_slab_read(slab);
    for (uint64_t twice = old & group->bits; twice != 0; twice &= twice - 1) {
        uint32_t index = group->word * 64 + (uint32_t)__builtin_ctzll(twice);
        ss_fault_add(faults, SUPERSLAB_ERROR_DOUBLE_FREE,
                     (void *)ss_slab_block(group->space, view, index));
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
            if (space == NULL || !ss_space_contains(space, address))
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
            bytes = ss_class_slab_bytes(view.class);
        }
        uint32_t index = ss_class_index(view.class, address - base);
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

/* ---- to slabs that the giver owns ---- */

/* Takes back a full slab that the giver's heap abandoned and to which no block was given since: its state is the
 * heap's number and nothing else. */
static SS_NOINLINE bool slab_regain(ss_space *space, ss_slab *slab, ss_giver *giver) {
    uint64_t state = (uint64_t)giver->owner << SS_STATE_OWNER_SHIFT;
    if (giver->wanted == SS_BIN_COUNT || !ss_ring_takes(giver->ring, space) ||
        /* Relaxed: the state is as this heap left it, so no other heap has had the slab since. */
        !ss_state_change(slab, &state, state | SS_STATE_OWNED, memory_order_relaxed,
                         memory_order_relaxed))
        return false;
    ss_ring_add(giver->ring, slab);
    return true;
}

/* Abandons the slab if all its blocks are free, unless it is the only one in the heap's ring. */
static void own_end(ss_slab *slab, const ss_class *class, ss_giver *giver) {
    const uint64_t state = ss_state_load(slab, memory_order_relaxed);
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) + (state & SS_STATE_COUNT) !=
            ss_class_capacity(class) ||
        ss_ring_count(giver->ring) < 2)
        return;
    ss_ring_drop(giver->ring, slab);
    ss_slab_abandon_whole(slab);
}

/* False, with nothing changed, if the giver does not own the slab or the address is not that of a block of `bin`. */
static bool own_give(ss_space *space, uintptr_t address, unsigned bin, ss_giver *giver,
                     ss_faults *faults, uint32_t *given) {
    if (SS_UNLIKELY(!ss_space_contains(space, address)))
        return false;
    ss_slab *slab = ss_slab_find(space, address);
    if (SS_UNLIKELY(slab == NULL))
        return false;
    const uint64_t state = ss_state_load(slab, memory_order_relaxed);
    const ss_slab_view view = ss_slab_read(slab);
    if (state >> SS_STATE_OWNER_SHIFT != giver->owner || view.bin != bin)
        return false;
    const uint32_t index = ss_class_index(view.class, address - ss_slab_base(space, view));
    if (SS_UNLIKELY(index == SS_NO_BLOCK))
        return false;
    if (SS_UNLIKELY((state & SS_STATE_OWNED) == 0) && !slab_regain(space, slab, giver))
        return false; /* the heap cannot take it back */
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
    /* Stops looking for own slabs once FOREIGN more blocks were of other slabs than of own ones. */
    for (; i < count && held < BATCH && held <= given + FOREIGN; i++)
        if (!own_give(space, (uintptr_t)blocks[i], bin, giver, faults, &given))
            others[held++] = blocks[i];
    given += give_shared(others, held, bin, giver, faults);
    return given + give_shared(blocks + i, count - i, bin, giver, faults);
}
