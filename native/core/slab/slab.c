#include "slab/slab.h"

#include "slab/owner.h"
#include "slab/pages.h"
#include "slab/slab_checks.h"
#include "slab/state.h"
#include "space/grow.h"
#include "space/gap.h"
#include "space/held.h"
#include "space/huge.h"
#include "space/space_checks.h"

#include <string.h>

SS_COLD bool ss_slab_was_at(const ss_space *space, uintptr_t address) {
    uint8_t header;
    return space != NULL && ss_space_is_headed(space) && ss_os_read_byte(address - 1, &header) &&
           header == SS_HEADER_FREED;
}

/* ---- lists ----
 * A lock-free stack a class, linked through the records. The tag counts pushes and pops, so an exchange fails if the
 * same record was popped and pushed since the head was read (ABA). Records stay mapped and stay records, so reading the
 * `next` of one that was just popped is harmless. */

void ss_slab_push(ss_space *space, ss_slab *slab) {
    _Atomic uint64_t *list = ss_slab_listed(space, ss_slab_read(slab).bin);
    uint64_t id = ss_slab_id(space, slab);
    uint64_t head = atomic_load_explicit(list, memory_order_relaxed), next;
    do {
        atomic_store_explicit(&slab->next, (uint32_t)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | id;
        /* Release: the thread that pops the slab sees `next` and what was done to the slab before. */
    } while (!atomic_compare_exchange_weak_explicit(list, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

static ss_slab *list_pop(ss_space *space, unsigned bin) {
    _Atomic uint64_t *list = ss_slab_listed(space, bin);
    uint64_t head, next;
    ss_slab *slab;
    do {
        /* Acquire: pairs with the release of the push. */
        head = atomic_load_explicit(list, memory_order_acquire);
        if ((uint32_t)head == 0)
            return NULL;
        slab = ss_slab_of_id(space, (uint32_t)head);
        next = ((head >> 32) + 1) << 32 | atomic_load_explicit(&slab->next, memory_order_relaxed);
        /* Relaxed: no two heads are alike, so a successful exchange reads the head that was acquired above. */
    } while (!atomic_compare_exchange_weak_explicit(list, &head, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return slab;
}

/* ---- records, with the space's lock held ---- */

static ss_slab *record_take(ss_space *space, uint32_t units) {
    SS_CHECK(ss_check_locked(space));
    uint32_t id = space->slab_records.free[units];
    if (id != 0) {
        ss_slab *slab = ss_slab_of_id(space, id);
        space->slab_records.free[units] = atomic_load_explicit(&slab->next, memory_order_relaxed);
        return slab;
    }
    /* The arena has addresses for a record of each length for every granule. So this fails only while dead slabs
     * hold records, or if other threads have taken what ss_space_ready_record committed. */
    size_t bytes = (size_t)units << SS_RECORD_SHIFT;
    if (space->slab_records.used + bytes > ss_space_records_ready(space))
        return NULL;
    space->slab_records.used += bytes;
    return (ss_slab *)(void *)(ss_space_records(space) - space->slab_records.used);
}

static void record_give(ss_space *space, ss_slab *slab) {
    SS_CHECK(ss_check_locked(space));
    uint32_t units = ss_class_record_units(ss_slab_read(slab).class);
    atomic_store_explicit(&slab->next, space->slab_records.free[units], memory_order_relaxed);
    ss_lock_step();
    space->slab_records.free[units] = ss_slab_id(space, slab);
}

static bool records_spent(ss_space *space, uint32_t units) {
    ss_space_lock(space);
    const bool spent = space->slab_records.used + ((size_t)units << SS_RECORD_SHIFT) >
                       ss_space_records_limit(space);
    ss_space_unlock(space);
    return spent;
}

/* Asks for the longest record: there may still be room for a shorter one, or a free record. */
bool ss_slab_records_spent(ss_space *space) {
    return records_spent(space, SS_RECORD_MAX_UNITS);
}

/* ---- making and ending slabs ---- */

/* Fills in the record of a slab that `owner` owns and whose blocks are all free, then enters it in the registry. */
static void slab_publish(ss_space *space, ss_slab *slab, uint32_t owner) {
    ss_slab_view view = ss_slab_read(slab);
    const ss_class *class = view.class;
    const uint32_t words = ss_class_words(class);
    const bool owned = owner != 0 && ss_owner_keeps(class); /* all bits begin in the owner's half */
    slab->purged = 0;
    slab->seen_free = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t rest = ss_class_capacity(class) - i * 64;
        uint64_t bits = rest >= 64 ? UINT64_MAX : (UINT64_C(1) << rest) - 1;
        atomic_store_explicit(&slab->bits[i], owned ? 0 : bits, memory_order_relaxed);
        atomic_store_explicit(&slab->bits[words + i], owned ? bits : 0, memory_order_relaxed);
    }
    slab->words = owned ? UINT64_MAX >> (64 - words) : 0;
    atomic_store_explicit(&slab->owner_free, owned ? ss_class_capacity(class) : 0,
                          memory_order_relaxed);
    /* Release: a giver that enters the slab by an old entry (slab_enter) sees what it is now. */
    ss_state_store(slab,
                   (uint64_t)owner << SS_STATE_OWNER_SHIFT | SS_STATE_OWNED |
                       (owned ? 0 : ss_class_capacity(class)),
                   memory_order_release);
    uint32_t id = ss_slab_id(space, slab);
    /* The first granule last: until then its entry says that the span is held. */
    for (uint32_t i = ss_class_granules(class); i-- != 0;) {
        ss_headed_bin_set(space, view.granule + i, view.bin);
        ss_entry_set(space, view.granule + i, SS_ENTRY_SLAB, id); /* release: the record is set */
    }
    ss_span_unhold(space);
}

/* Level 2: the scrubbed bytes of free blocks are zero; scrub.h. */
static void make_zero(const ss_space *space, ss_slab_view view) {
    char *start = ss_space_address(space, view.granule);
    const size_t bytes = ss_class_slab_bytes(view.class);
    /* Zeroing a granule costs less than the page faults after a purge. */
    if (bytes == SS_GRANULE_BYTES || !ss_os_purge(start, bytes))
        memset(start, 0, bytes);
}

SS_COLD ss_slab *ss_slab_make(ss_space *space, unsigned bin, uint32_t owner) {
    const ss_class *class = ss_bin_class(bin);
    uint32_t units = ss_class_record_units(class);
    for (;;) {
        if (!ss_space_ready_record(space))
            return NULL;
        ss_space_lock(space);
        const uint32_t gap = SS_HARDENED ? ss_gap_wanted(space) : 0;
        bool zero = true;
        if (!SS_HARDENED) /* a huge page would be open as a whole */
            ss_huge_fill(space, ss_class_granules(class));
        ss_slab *slab = record_take(space, units);
        uint32_t granule = SS_NO_SPAN;
        if (slab != NULL) {
            granule = ss_span_take_locked(space, ss_class_granules(class) + gap, 1,
                                          SS_HARDENED >= 2 ? &zero : NULL);
            atomic_store_explicit(&slab->info, ss_slab_info(granule, bin, ss_space_place(space)),
                                  memory_order_relaxed);
            if (granule == SS_NO_SPAN)
                record_give(space, slab);
            else
                ss_span_hold(space, granule, ss_class_granules(class));
            if (gap != 0 && granule != SS_NO_SPAN)
                ss_gap_set(space, granule + ss_class_granules(class));
        }
        ss_space_unlock(space);
        if (granule != SS_NO_SPAN) {
            ss_slab_view view = ss_slab_read(slab);
            if (!ss_space_ready_live(space, (size_t)granule + ss_class_granules(class)) ||
                (SS_HARDENED && ss_gap_opens(space) &&
                 !ss_gap_open(space, granule, ss_class_granules(class), gap))) {
                ss_span_unhold(space);
                ss_slab_end(space, view, slab);
                return NULL;
            }
            if (SS_HARDENED >= 2 && !zero && ss_space_is_headed(space))
                make_zero(space, view);
            slab_publish(space, slab, owner);
            return slab;
        }
        if (slab != NULL ? !ss_space_grow(space, ss_class_granules(class) + gap)
                         : records_spent(space, units))
            return NULL;
    }
}

SS_COLD void ss_slab_end(ss_space *space, ss_slab_view view, ss_slab *unlisted) {
    uint32_t granule = view.granule, granules = ss_class_granules(view.class);
    ss_span_hold(space, granule, granules);
    ss_headed_bin_set(space, granule, 0);
    for (uint32_t i = 1; i < granules; i++) {
        ss_headed_bin_set(space, granule + i, 0);
        ss_entry_set(space, granule + i, SS_ENTRY_NONE, 0);
    }
    ss_space_lock(space);
    ss_entry_set(space, granule, SS_ENTRY_NONE, 0);
    ss_span_unhold(space);
    if (SS_HARDENED)
        ss_gap_end(space, granule + granules);
    bool over = ss_span_release_locked(space, granule, granules, SS_RUN_DIRTY);
    if (unlisted != NULL)
        record_give(space, unlisted);
    ss_space_unlock(space);
    if (over)
        ss_span_settle(space);
}

/* ---- spares ----
 * Relaxed: the counters are a budget. A slab itself changes hands by its state and its list. */

static size_t space_bytes(const ss_space *space) {
    return ss_space_is_external(space) ? ss_space_usable_bytes(space)
                                       : ss_committed_bytes(ss_space_kind_of(space));
}

void ss_spare_drop(ss_space *space, ss_slab_view view) {
    atomic_fetch_sub_explicit(ss_slab_spares(space, view.bin), 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&space->slabs.spare_granules, ss_class_granules(view.class),
                              memory_order_relaxed);
}

bool ss_spare_add(ss_space *space, ss_slab_view view) {
    size_t granules = ss_class_granules(view.class);
    uint32_t count =
        atomic_fetch_add_explicit(ss_slab_spares(space, view.bin), 1, memory_order_relaxed);
    size_t all =
        atomic_fetch_add_explicit(&space->slabs.spare_granules, granules, memory_order_relaxed);
    if (count < SS_SPARE_MAX_COUNT &&
        (all + granules) << SS_GRANULE_SHIFT <= space_bytes(space) >> SS_SPARES_SHARE_SHIFT)
        return true;
    ss_spare_drop(space, view);
    return false;
}

/* ---- adopt and abandon ---- */

ss_slab *ss_slab_adopt(ss_space *space, unsigned bin, uint32_t owner) {
    const uint64_t owned =
        owner == SS_OWNER_PARKER ? SS_STATE_PARKED : (uint64_t)owner << SS_STATE_OWNER_SHIFT;
    ss_slab *slab;
    SS_CHECK(owner != SS_OWNER_PARKER || ss_park_lock_is_mine());
    if (!ss_space_has_bin(space, bin)) /* ss_heap_scrape asks every space */
        return NULL;
    while ((slab = list_pop(space, bin)) != NULL) {
        uint64_t state, next;
        do {
            /* Acquire: what the givers did to a dead slab's record precedes the record's next use. */
            state = ss_state_load(slab, memory_order_acquire);
            if (state & SS_STATE_DEAD)
                break;
            next =
                ss_state_givers(space, state) | (state & SS_STATE_COUNT) | SS_STATE_OWNED | owned;
            /* Relaxed: the thread that takes from the slab or ends it acquires what its givers wrote. */
        } while (!ss_state_change(slab, &state, next, memory_order_relaxed, memory_order_relaxed));
        if (state & SS_STATE_SPARE)
            ss_spare_drop(space, ss_slab_read(slab));
        if (!(state & SS_STATE_DEAD))
            return slab;
        ss_space_lock(space);
        record_give(space, slab);
        ss_space_unlock(space);
    }
    return NULL;
}

ss_slab *ss_slab_acquire(unsigned bin, uint32_t owner, ss_space *space) {
    ss_slab *slab;
    if (space != NULL) {
        slab = ss_slab_adopt(space, bin, owner);
        return slab != NULL ? slab : ss_slab_make(space, bin, owner);
    }
    ss_space_kind kind = bin >= SS_BIN_HEADED ? SS_SPACE_HEADED : SS_SPACE_HEADLESS;
    uint32_t count = ss_space_internal_count();
    bool room = false;
    for (int make = 0; make < 2; make++)
        for (uint32_t i = 0; i < count; i++) {
            space = ss_space_internal(i);
            if (ss_space_kind_of(space) != kind)
                continue;
            slab = make ? ss_slab_make(space, bin, owner) : ss_slab_adopt(space, bin, owner);
            if (slab != NULL)
                return slab;
            room |= ss_space_has_room(space, SS_SLAB_MAX_GRANULES);
        }
    if (room)
        return NULL; /* memory was refused; more addresses would not help */
    space = ss_space_add(kind, SS_SUPERSLAB_BYTES);
    return space == NULL ? NULL : ss_slab_make(space, bin, owner);
}

bool ss_slab_abandon_full(ss_slab *slab) {
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) != 0)
        return false;
    const bool external = ss_space_is_external(ss_slab_space(ss_slab_read(slab)));
    uint64_t state = ss_state_load(slab, memory_order_relaxed), next;
    do {
        if ((state & SS_STATE_COUNT) != 0)
            return false;
        /* The owner's number stays, so that its heap may take the slab back: slab_regain. */
        next = external ? 0 : state & SS_STATE_OWNER;
        /* Release: the next owner sees the bits that this one cleared. */
    } while (!ss_state_change(slab, &state, next, memory_order_release, memory_order_relaxed));
    return true;
}

/* Ends the ownership. `moved` blocks were moved to the shared bits and are not in the state's count yet. If `spare`, the
 * slab was counted as a spare, and stays listed as one if all its blocks are free. True if it has free blocks. */
static bool abandon(ss_slab *slab, uint64_t moved, bool spare) {
    ss_slab_view view = ss_slab_read(slab);
    ss_space *space = ss_slab_space(view);
    uint64_t state = ss_state_load(slab, memory_order_relaxed), count, next;
    do {
        uint64_t givers = ss_state_givers(space, state);
        count = (state & SS_STATE_COUNT) + moved;
        next = count == 0 ? givers
               : count == ss_class_capacity(view.class) && givers == 0
                   ? SS_STATE_DEAD
                   : givers | SS_STATE_LISTED | count;
        if (next == SS_STATE_DEAD && spare)
            next = SS_STATE_SPARE | SS_STATE_LISTED | count;
        /* Release: as in ss_slab_abandon_full. Acquire: the slab may end, after all that its givers did. */
    } while (!ss_state_change(slab, &state, next, memory_order_acq_rel, memory_order_relaxed));
    SS_CHECK(count <= ss_class_capacity(view.class));
    if (spare && !(next & SS_STATE_SPARE))
        ss_spare_drop(space, view);
    if (next == SS_STATE_DEAD)
        ss_slab_end(space, view, slab);
    else if (count != 0)
        ss_slab_push(space, slab);
    return count != 0;
}

bool ss_slab_abandon(ss_slab *slab) {
    return abandon(slab, ss_owner_share(slab), false);
}

void ss_slab_abandon_whole(ss_slab *slab) {
    ss_slab_view view = ss_slab_read(slab);
    bool spare = ss_spare_add(ss_slab_space(view), view);
    abandon(slab, ss_owner_share(slab), spare);
}

void ss_slab_list(ss_slab *slab) {
    ss_space *space = ss_slab_space(ss_slab_read(slab));
    uint64_t state = ss_state_load(slab, memory_order_relaxed), next;
    do
        next = ss_state_givers(space, state) | SS_STATE_LISTED | (state & SS_STATE_COUNT);
    /* Relaxed: the push releases, and the pop acquires. */
    while (!ss_state_change(slab, &state, next, memory_order_relaxed, memory_order_relaxed));
    ss_slab_push(space, slab);
}

/* ---- take ---- */

/* Takes up to `count` blocks from the shared bits and writes them to end[-1], end[-2] and so on. Returns the number. */
static inline uint32_t given_take(ss_slab *slab, ss_slab_view view, void **end, uint32_t count) {
    /* Relaxed: a lower bound, because other threads only raise the count. */
    uint64_t state = ss_state_load(slab, memory_order_relaxed);
    uint32_t there = (uint32_t)(state & SS_STATE_COUNT);
    if (count > there)
        count = there;
    if (count == 0)
        return 0;
    /* Acquire: this thread sees the bits of the blocks counted here, and those that earlier owners cleared. */
    ss_state_subtract(slab, count, memory_order_acquire);
    SS_CHECK(ss_check_bits(slab, view.class, there));
    uintptr_t base = ss_slab_base(ss_slab_space(view), view), stride = ss_class_stride(view.class);
    uint32_t left = count;
    /* The lowest first, so that pages at high addresses stay untouched or become free. */
    for (uint32_t word = 0; left != 0; word++) {
        uint64_t bits = atomic_load_explicit(&slab->bits[word], memory_order_relaxed);
        uint64_t taken = 0;
        while (bits != 0 && left != 0) {
            uint32_t bit = (uint32_t)__builtin_ctzll(bits);
            bits &= bits - 1;
            taken |= UINT64_C(1) << bit;
            left--;
            *--end = (void *)(base + (word * 64 + bit) * stride);
        }
        if (taken != 0)
            /* Acquire: pairs with the giver's `or`. A block taken here may not be counted in the state yet. */
            atomic_fetch_and_explicit(&slab->bits[word], ~taken, memory_order_acquire);
    }
    return count;
}

uint32_t ss_slab_take(ss_slab *slab, void **blocks, uint32_t count) {
    const ss_slab_view view = ss_slab_read(slab);
    /* The owner's bits first: taking them needs no read-modify-write. */
    uint32_t got = 0;
    if (atomic_load_explicit(&slab->owner_free, memory_order_relaxed) != 0)
        got = ss_owner_take(slab, view, blocks + count, count);
    if (got < count)
        got += given_take(slab, view, blocks + count - got, count - got);
    if (got < count)
        memmove(blocks, blocks + count - got, got * sizeof *blocks);
    if (got != 0)
        slab->seen_free = 0;
    if (SS_UNLIKELY(slab->purged != 0))
        ss_pages_forget(slab, blocks, got);
    return got;
}
