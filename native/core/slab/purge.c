#include "slab/purge.h"

#include "slab/pages.h"
#include "space/grow.h"

/* ---- the slabs on the lists ----
 * A lock-free list cannot be walked, so all listed slabs of a class are adopted at once. A thread that wants one
 * meanwhile makes a new slab; therefore slabs with nothing to purge are listed again first. park_lock is held
 * throughout: by it the child of a fork recognises the adopted slabs (ss_slabs_inherit_parked). */

typedef struct slab_chain {
    ss_slab *first; /* linked by `next`, which only the owner uses while the slab is on no list */
} slab_chain;

static void chain_push(const ss_space *space, slab_chain *chain, ss_slab *slab) {
    atomic_store_explicit(&slab->next, chain->first == NULL ? 0 : ss_slab_id(space, chain->first),
                          memory_order_relaxed);
    chain->first = slab;
}

static ss_slab *chain_pop(const ss_space *space, slab_chain *chain) {
    ss_slab *slab = chain->first;
    if (slab != NULL) {
        uint32_t next = atomic_load_explicit(&slab->next, memory_order_relaxed);
        chain->first = next == 0 ? NULL : ss_slab_of_id(space, next);
    }
    return slab;
}

/* Adopts every slab of a list, purges its free pages if `purge`, and abandons it, which ends it if all its blocks are
 * free. Returns the bytes purged. */
static size_t list_visit(ss_space *space, unsigned bin, bool purge) {
    slab_chain chain = {NULL};
    ss_slab *slab;
    size_t given = 0;
    ss_park_lock_take();
    while ((slab = ss_slab_adopt(space, bin, SS_OWNER_PARKER)) != NULL)
        chain_push(space, &chain, slab);
    while ((slab = chain_pop(space, &chain)) != NULL) {
        if (purge)
            given += ss_pages_purge(space, slab);
        ss_slab_abandon(slab);
    }
    ss_park_lock_release();
    return given;
}

/* Visits every list, not only those with spares: ss_slab_list leaves slabs on them whose blocks are all free and that
 * are not counted as spares. */
void ss_purge_whole_slabs(ss_space *space) {
    const unsigned first = ss_space_first_bin(space);
    for (unsigned bin = first; bin < first + SS_SPACE_BINS; bin++)
        if ((uint32_t)atomic_load_explicit(ss_slab_listed(space, bin), memory_order_relaxed) != 0)
            list_visit(space, bin, false);
}

static void spares_end(ss_space *space) {
    const unsigned first = ss_space_first_bin(space);
    for (unsigned bin = first; bin < first + SS_SPACE_BINS; bin++)
        if (atomic_load_explicit(ss_slab_spares(space, bin), memory_order_relaxed) != 0)
            list_visit(space, bin, false);
}

void ss_purge_recover(void) {
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++) {
        ss_space *space = ss_space_internal(i);
        if (ss_slab_records_spent(space))
            ss_purge_whole_slabs(space);
        else
            spares_end(space);
    }
    ss_space_shrink_all();
}

size_t ss_purge_slabs(ss_space *space) {
    size_t given = 0;
    const unsigned first = ss_space_first_bin(space);
    for (unsigned bin = first; bin < first + SS_SPACE_BINS; bin++)
        given += list_visit(space, bin, true);
    ss_count_given_back(given);
    return given;
}

/* ---- by age ---- */

/* `seen_free` is the number of free blocks at the last visit, with SEEN_PURGED if the slab was purged then. If a
 * visit finds the same number again, the slab was idle in between: a give changes the number, and a take clears the
 * word. */
#define SEEN_PURGED (UINT32_C(1) << 16)

typedef enum slab_use { SLAB_CHANGED, SLAB_IDLE, SLAB_DONE } slab_use;

static slab_use slab_use_since(ss_slab *slab) {
    uint32_t count =
        (uint32_t)(atomic_load_explicit(&slab->state, memory_order_relaxed) & SS_STATE_COUNT);
    if (slab->seen_free == (count | SEEN_PURGED))
        return SLAB_DONE;
    slab_use use = slab->seen_free == count ? SLAB_IDLE : SLAB_CHANGED;
    slab->seen_free = count;
    return use;
}

/* Abandons a slab that may be wanted again soon. If all its blocks are free, it stays listed until it has been idle. */
static void young_abandon(ss_slab *slab) {
    /* Relaxed: only the number is used. The thread that takes from the slab or ends it acquires what the givers wrote:
     * the state changes only by read-modify-writes, which continue the givers' release sequences. */
    uint64_t count = atomic_load_explicit(&slab->state, memory_order_relaxed) & SS_STATE_COUNT;
    if (count == ss_class_capacity(ss_slab_read(slab).class))
        ss_slab_list(slab);
    else
        ss_slab_abandon(slab);
}

static bool idle_slabs_purge(ss_space *space, unsigned bin, bool at_once, uint64_t until,
                             size_t *given) {
    slab_chain idle = {NULL}, others = {NULL};
    ss_slab *slab;
    bool pending = false;
    while ((slab = ss_slab_adopt(space, bin, SS_OWNER_PARKER)) != NULL) {
        slab_use use = slab_use_since(slab);
        pending |= use == SLAB_CHANGED && !at_once;
        chain_push(space, use == SLAB_IDLE || (at_once && use == SLAB_CHANGED) ? &idle : &others,
                   slab);
    }
    while ((slab = chain_pop(space, &others)) != NULL)
        young_abandon(slab);
    /* The slabs that end below have aged already, so their granules need not age again. */
    ss_space_set_aged(space, true);
    while ((slab = chain_pop(space, &idle)) != NULL) {
        /* At least one, so that each call gives something back. */
        if (until != SS_NO_END && *given != 0 && ss_os_clock_nanoseconds() >= until) {
            pending = true;
            young_abandon(slab);
            continue;
        }
        *given += ss_pages_purge(space, slab);
        slab->seen_free |= SEEN_PURGED;
        ss_slab_abandon(slab);
    }
    ss_space_set_aged(space, false);
    return pending;
}

bool ss_purge_idle_slabs(ss_space *space, bool at_once, uint64_t until) {
    size_t given = 0;
    bool pending = false;
    const unsigned first = ss_space_first_bin(space);
    for (unsigned bin = first; bin < first + SS_SPACE_BINS; bin++) {
        if ((uint32_t)atomic_load_explicit(ss_slab_listed(space, bin), memory_order_relaxed) == 0)
            continue;
        ss_park_lock_take();
        pending |= idle_slabs_purge(space, bin, at_once, until, &given);
        ss_park_lock_release();
    }
    ss_count_given_back(given);
    return pending;
}
