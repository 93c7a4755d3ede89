#include "space/runs.h"

#include "space/space_checks.h"

/* ---- which granules are dirty, and which start a run ---- */

static void dirty_set(ss_space *space, uint32_t first, uint32_t count) {
    for (uint32_t at = first, end = first + count, step; at < end; at += step) {
        uint32_t mask = ss_superslab_mask(at, end, &step);
        *ss_mask_of(space, at, SS_MASK_DIRTY) |= mask;
    }
    if (first + count > space->dirty_end)
        space->dirty_end = first + count;
}

static void dirty_clear(ss_space *space, uint32_t first, uint32_t count) {
    for (uint32_t at = first, end = first + count, step; at < end; at += step) {
        uint32_t mask = ss_superslab_mask(at, end, &step);
        *ss_mask_of(space, at, SS_MASK_DIRTY) &= ~mask;
    }
}

uint32_t ss_run_dirty(const ss_space *space, uint32_t first, uint32_t count) {
    uint32_t dirty = 0;
    for (uint32_t at = first, end = first + count, step; at < end; at += step) {
        uint32_t mask = ss_superslab_mask(at, end, &step);
        dirty += ss_popcount(*ss_mask_of(space, at, SS_MASK_DIRTY) & mask);
    }
    return dirty;
}

static uint32_t bit_of(uint32_t granule) {
    return UINT32_C(1) << granule % SS_SUPERSLAB_GRANULES;
}

static bool is_dirty(const ss_space *space, uint32_t granule) {
    return (*ss_mask_of(space, granule, SS_MASK_DIRTY) & bit_of(granule)) != 0;
}

/* The last granule that is set in `mask`, a mask of the SuperSlab of `granule`. */
static uint32_t highest_bit(uint32_t granule, uint32_t mask) {
    return (granule | (SS_SUPERSLAB_GRANULES - 1)) - (uint32_t)__builtin_clz(mask);
}

/* How many SuperSlabs without dirty granules a call of ss_run_highest passes, each a line of memory: bounds the time
 * under the lock. */
#define HIGHEST_SUPERSLABS 512u

ss_dirty_part ss_run_highest(ss_space *space, uint32_t most) {
    uint32_t at = space->dirty_end - 1, mask, looked = 0;
    while ((mask = *ss_mask_of(space, at, SS_MASK_DIRTY)) == 0) {
        at -= SS_SUPERSLAB_GRANULES;
        if (++looked == HIGHEST_SUPERSLABS) {
            space->dirty_end = (at | (SS_SUPERSLAB_GRANULES - 1)) + 1;
            return (ss_dirty_part){0, 0, 0};
        }
    }
    uint32_t end = highest_bit(at, mask) + 1;
    ss_dirty_part part = {0, end - 1, 1};
    space->dirty_end = end;
    while (part.count < most && part.first != 0 && is_dirty(space, part.first - 1)) {
        part.first--;
        part.count++;
    }
    at = part.first;
    uint32_t starts = *ss_mask_of(space, at, SS_MASK_STARTS) & (bit_of(at) * 2 - 1);
    while (starts == 0)
        starts = *ss_mask_of(space, at -= SS_SUPERSLAB_GRANULES, SS_MASK_STARTS);
    part.run = highest_bit(at, starts);
    return part;
}

ss_dirty_part ss_run_lowest(const ss_space *space, uint32_t run, uint32_t most) {
    uint32_t at = run, end = run + ss_run_length(space, run), step;
    uint32_t dirty = *ss_mask_of(space, at, SS_MASK_DIRTY) & ss_superslab_mask(at, end, &step);
    while (dirty == 0) {
        at += step;
        dirty = *ss_mask_of(space, at, SS_MASK_DIRTY) & ss_superslab_mask(at, end, &step);
    }
    uint32_t first = (at & ~(SS_SUPERSLAB_GRANULES - 1)) + (uint32_t)__builtin_ctz(dirty);
    ss_dirty_part part = {run, first, 1};
    while (part.count < most && first + part.count < end && is_dirty(space, first + part.count))
        part.count++;
    return part;
}

/* ---- lists ---- */

#define EXACT_SHIFT 6u
#define STEPS_SHIFT 3u
#define STEPS (1u << STEPS_SHIFT) /* lists a doubling, above SS_RUN_EXACT */
_Static_assert(SS_RUN_EXACT == 1u << EXACT_SHIFT, "the next length begins a doubling");
#define LAST_DOUBLING (EXACT_SHIFT + (SS_RUN_LAST - SS_RUN_EXACT) / STEPS)
_Static_assert(SS_HEADED_GRANULES < (size_t)(2 * STEPS - 1) << (LAST_DOUBLING - STEPS_SHIFT),
               "no run is so long that list_of returns SS_RUN_LAST");

static uint32_t list_of(uint32_t length) {
    if (length <= SS_RUN_EXACT)
        return length - 1;
    uint32_t doubling = 31 - (uint32_t)__builtin_clz(length);
    return SS_RUN_EXACT + (doubling - EXACT_SHIFT) * STEPS +
           (length >> (doubling - STEPS_SHIFT) & (STEPS - 1));
}

/* Always inlined, because every large block links and unlinks runs. */
#define RUN_INLINE static inline __attribute__((always_inline))

RUN_INLINE void run_link(ss_space *space, uint32_t first, uint32_t length, uint32_t dirty,
                         uint32_t stamp) {
    ss_runs *runs = &space->runs;
    ss_granule *const granules =
        space->granules; /* a copy: the compiler cannot know that no store changes it */
    uint32_t *starts = ss_mask_of(space, first, SS_MASK_STARTS);
    ss_granule *node = &granules[first];
    uint32_t list = first + length == space->granule_count ? SS_RUN_LAST : list_of(length);
    if (dirty == 0)
        list += SS_RUN_CLEAN * SS_RUN_LISTS;
    uint32_t next = runs->head[list];
    node->length = length;
    node->list = list;
    node->prev = 0;
    node->next = next;
    node->dirty = dirty;
    node->stamp = stamp;
    granules[first + length - 1].length = length;
    if (next != 0)
        granules[next - 1].prev = first + 1;
    runs->head[list] = first + 1;
    runs->nonempty[list / 64] |= UINT64_C(1) << (list % 64);
    *starts |= bit_of(first);
}

RUN_INLINE void run_unlink(ss_space *space, uint32_t first) {
    SS_CHECK(ss_check_run(space, first));
    ss_runs *runs = &space->runs;
    ss_granule *const granules = space->granules;
    uint32_t *starts = ss_mask_of(space, first, SS_MASK_STARTS);
    ss_granule *node = &granules[first];
    uint32_t list = node->list, prev = node->prev, next = node->next;
    granules[first + node->length - 1].length = 0;
    node->length = 0;
    if (next != 0)
        granules[next - 1].prev = prev;
    if (prev != 0) {
        granules[prev - 1].next = next;
    } else {
        runs->head[list] = next;
        if (next == 0)
            runs->nonempty[list / 64] &= ~(UINT64_C(1) << (list % 64));
    }
    *starts &= ~bit_of(first);
}

#define SEARCH_LIMIT 16u /* runs of one list that are compared: bounds the time under the lock */

static uint32_t find_in(const ss_space *space, ss_run_kind kind, uint32_t count) {
    const ss_runs *runs = &space->runs;
    uint32_t list = kind * SS_RUN_LISTS + list_of(count), last = kind * SS_RUN_LISTS + SS_RUN_LAST;
    if (count > SS_RUN_EXACT) {
        /* The runs of this list have several lengths, and some may be too short. */
        uint32_t best = 0, best_length = UINT32_MAX, compared = 0;
        for (uint32_t at = runs->head[list]; at != 0 && compared < SEARCH_LIMIT; compared++) {
            uint32_t length = ss_run_length(space, at - 1);
            if (length >= count && length < best_length) {
                best = at;
                best_length = length;
            }
            at = space->granules[at - 1].next;
        }
        if (best != 0)
            return best - 1;
        list++;
    }
    uint64_t lists = runs->nonempty[list / 64] & UINT64_MAX << (list % 64);
    for (uint32_t word = list / 64;; lists = runs->nonempty[++word]) {
        if (lists != 0) {
            uint32_t run = runs->head[word * 64 + (uint32_t)__builtin_ctzll(lists)] - 1;
            return ss_run_length(space, run) >= count ? run : SS_NO_SPAN;
        }
        if (word == last / 64)
            return SS_NO_SPAN;
    }
}

uint32_t ss_run_find_dirty(const ss_space *space, uint32_t count) {
    return find_in(space, SS_RUN_DIRTY, count);
}

uint32_t ss_run_find_clean(const ss_space *space, uint32_t count) {
    return find_in(space, SS_RUN_CLEAN, count);
}

uint32_t ss_run_find(const ss_space *space, uint32_t count) {
    uint32_t found = find_in(space, SS_RUN_DIRTY, count);
    return found != SS_NO_SPAN ? found : find_in(space, SS_RUN_CLEAN, count);
}

/* ---- taking and joining ---- */

uint32_t ss_run_take(ss_space *space, uint32_t run, uint32_t at, uint32_t count) {
    const uint32_t length = ss_run_length(space, run), all = space->granules[run].dirty;
    const uint32_t stamp = space->granules[run].stamp;
    uint32_t before = at - run, after = length - before - count;
    uint32_t dirty = count, dirty_before = before;
    if (all != length) {
        dirty = all == 0 ? 0 : ss_run_dirty(space, at, count);
        dirty_before = all == 0 ? 0 : ss_run_dirty(space, run, before);
    }
    run_unlink(space, run);
    if (dirty != 0) {
        dirty_clear(space, at, count);
        space->dirty_granules -= dirty;
    }
    if (before != 0)
        run_link(space, run, before, dirty_before, stamp);
    if (after != 0)
        run_link(space, at + count, after, all - dirty - dirty_before, stamp);
    return dirty;
}

void ss_run_join(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind) {
    uint32_t dirty = kind == SS_RUN_DIRTY ? count : 0, most = dirty, stamp = space->clock;
    if (atomic_load_explicit(&space->aged, memory_order_relaxed))
        stamp -= UINT32_MAX / 2; /* older than any tick */
    if (dirty != 0) {
        dirty_set(space, first, count);
        space->dirty_granules += count;
        space->clock++;
    }
    uint32_t before = first == 0 ? 0 : ss_run_length(space, first - 1);
    uint32_t next_run = first + count, after = ss_run_length(space, next_run);
    /* The joined run gets the age of the part with most dirty granules. Otherwise a block that is cut from a long run
     * again and again would keep the whole run young. */
    if (before != 0) {
        first -= before;
        count += before;
        const ss_granule *node = &space->granules[first];
        dirty += node->dirty;
        if (node->dirty > most) {
            most = node->dirty;
            stamp = node->stamp;
        }
        run_unlink(space, first);
    }
    if (after != 0) {
        count += after;
        const ss_granule *node = &space->granules[next_run];
        dirty += node->dirty;
        if (node->dirty > most)
            stamp = node->stamp;
        run_unlink(space, next_run);
    }
    run_link(space, first, count, dirty, stamp);
    SS_CHECK(ss_check_dirty(space));
}

void ss_runs_forget(ss_space *space) {
    /* All nodes, because another thread may have been lowering the end. The holders of held spans stay, and so do the
     * masks of moved granules. */
    const size_t nodes =
        atomic_load_explicit(&space->granules_ready, memory_order_relaxed) / sizeof(ss_granule);
    for (size_t i = 0; i < nodes; i++) {
        ss_granule *node = &space->granules[i];
        if (node->length != 0)
            node->length = 0;
        if (i % SS_SUPERSLAB_GRANULES != SS_MASK_MOVED &&
            !(SS_HARDENED && (i % SS_SUPERSLAB_GRANULES == SS_MASK_OPEN ||
                              i % SS_SUPERSLAB_GRANULES == SS_MASK_GAP ||
                              i % SS_SUPERSLAB_GRANULES == SS_MASK_KEPT)) &&
            node->mask != 0)
            node->mask = 0;
    }
    space->runs = (ss_runs){.nonempty = {0}};
    space->dirty_granules = 0;
    space->dirty_end = 0;
}
