#include "span.h"

#include "publish.h"
#include "scavenger.h"

/* ---- lists of free runs, with the lock held ---- */

static uint32_t list_of(uint32_t length) {
    if (length <= SS_RUN_EXACT)
        return length - 1;
    uint32_t doubling = 31 - (uint32_t)__builtin_clz(length);
    return SS_RUN_EXACT + (doubling - 6) * 8 + (length >> (doubling - 3) & 7);
}

static void run_link(ss_space *space, uint32_t first, uint32_t length, ss_run_kind kind) {
    ss_runs *runs = &space->runs[kind];
    ss_granule *node = &space->granules[first];
    uint32_t list = list_of(length);
    node->tag = space->granules[first + length - 1].tag =
        kind == SS_RUN_DIRTY ? length | SS_RUN_TAG_DIRTY : length;
    node->prev = 0;
    node->next = runs->head[list];
    if (node->next != 0)
        space->granules[node->next - 1].prev = first + 1;
    runs->head[list] = first + 1;
    runs->nonempty[list / 64] |= UINT64_C(1) << (list % 64);
}

static void run_unlink(ss_space *space, uint32_t first, uint32_t length, ss_run_kind kind) {
    ss_runs *runs = &space->runs[kind];
    ss_granule *node = &space->granules[first];
    if (node->next != 0)
        space->granules[node->next - 1].prev = node->prev;
    if (node->prev != 0) {
        space->granules[node->prev - 1].next = node->next;
    } else {
        uint32_t list = list_of(length);
        runs->head[list] = node->next;
        if (node->next == 0)
            runs->nonempty[list / 64] &= ~(UINT64_C(1) << (list % 64));
    }
    node->tag = space->granules[first + length - 1].tag = 0;
}

static void run_insert(ss_space *space, uint32_t first, uint32_t length, ss_run_kind kind,
                       uint32_t stamp) {
    run_link(space, first, length, kind);
    if (kind == SS_RUN_DIRTY) {
        space->granules[first].stamp = stamp;
        space->clock++;
        space->dirty_granules += length;
    }
}

static void run_remove(ss_space *space, uint32_t first, uint32_t length, ss_run_kind kind) {
    run_unlink(space, first, length, kind);
    if (kind == SS_RUN_DIRTY)
        space->dirty_granules -= length;
}

static uint32_t tag_length(uint32_t tag) {
    return tag & ~SS_RUN_TAG_DIRTY;
}

static ss_run_kind tag_kind(uint32_t tag) {
    return tag & SS_RUN_TAG_DIRTY ? SS_RUN_DIRTY : SS_RUN_CLEAN;
}

/* Takes the first `count` granules of a run; what is left keeps the run's age. */
static void run_take(ss_space *space, uint32_t first, uint32_t count) {
    uint32_t tag = space->granules[first].tag, length = tag_length(tag);
    ss_run_kind kind = tag_kind(tag);
    if (count == length) {
        run_remove(space, first, length, kind);
        return;
    }
    run_unlink(space, first, length, kind);
    run_link(space, first + count, length - count, kind);
    if (kind == SS_RUN_DIRTY) {
        space->granules[first + count].stamp = space->granules[first].stamp;
        space->dirty_granules -= count;
    }
}

/* ---- finding a run ---- */

#define SEARCH_LIMIT 16u /* runs of one list looked at: a bound on the time with the lock held */

/* The shortest run that has `count` granules: the first granule + 1, or 0. */
static uint32_t run_find(const ss_space *space, ss_run_kind kind, uint32_t count) {
    const ss_runs *runs = &space->runs[kind];
    uint32_t list = list_of(count);
    if (count > SS_RUN_EXACT) {
        /* The runs of this list may be shorter or longer. */
        uint32_t best = 0, best_length = UINT32_MAX, looked = 0;
        for (uint32_t at = runs->head[list]; at != 0 && looked < SEARCH_LIMIT; looked++) {
            uint32_t length = tag_length(space->granules[at - 1].tag);
            if (length >= count && length < best_length) {
                best = at;
                best_length = length;
            }
            at = space->granules[at - 1].next;
        }
        if (best != 0)
            return best;
        list++;
    }
    for (uint32_t word = list / 64; word < SS_RUN_LISTS / 64; word++) {
        uint64_t lists = runs->nonempty[word];
        if (word == list / 64)
            lists &= UINT64_MAX << (list % 64);
        if (lists != 0)
            return runs->head[word * 64 + (uint32_t)__builtin_ctzll(lists)];
    }
    return 0;
}

/* ---- the soft limit ----
 * Granules are charged for while they are used or dirty, that is from the moment they leave a clean run
 * until they are in one again. Counted only if there is a limit. */

static bool is_limited(const ss_space *space) {
    return SS_UNLIKELY(ss_process->settings.limit_bytes != SIZE_MAX) &&
           space->kind != SS_SPACE_EXTERNAL;
}

bool ss_span_would_exceed(const ss_space *space, uint32_t count) {
    /* Relaxed: a limit is exact for one thread and approximate for many. */
    return is_limited(space) &&
           atomic_load_explicit(&ss_process->charged_bytes, memory_order_relaxed) +
                   atomic_load_explicit(&ss_process->metadata_bytes, memory_order_relaxed) +
                   ((size_t)count << SS_GRANULE_SHIFT) >
               ss_process->settings.limit_bytes;
}

static bool charge(const ss_space *space, uint32_t count) {
    if (ss_span_would_exceed(space, count))
        return false;
    if (is_limited(space))
        atomic_fetch_add_explicit(&ss_process->charged_bytes, (size_t)count << SS_GRANULE_SHIFT,
                                  memory_order_relaxed);
    return true;
}

static void discharge(const ss_space *space, uint32_t count) {
    if (is_limited(space))
        atomic_fetch_sub_explicit(&ss_process->charged_bytes, (size_t)count << SS_GRANULE_SHIFT,
                                  memory_order_relaxed);
}

/* ---- the interface, with the lock held ---- */

uint32_t ss_span_take_locked(ss_space *space, uint32_t count, bool *zero) {
    /* Dirty first: memory that is there already costs neither a fault nor, later, a purge. */
    ss_run_kind kind = SS_RUN_DIRTY;
    uint32_t found = run_find(space, kind, count);
    if (found == 0)
        found = run_find(space, kind = SS_RUN_CLEAN, count);
    if (found == 0 || (kind == SS_RUN_CLEAN && !charge(space, count)))
        return SS_NO_SPAN;
    run_take(space, found - 1, count);
    space->used_granules += count;
    ss_publish_count(space);
    if (zero != NULL)
        *zero = kind == SS_RUN_CLEAN && space->kind != SS_SPACE_EXTERNAL;
    return found - 1;
}

/* How many granules may be dirty now. */
static size_t dirty_bound(const ss_space *space) {
    if (atomic_load_explicit(&ss_process->at_once, memory_order_relaxed))
        return 0;
    size_t floor = SS_DIRTY_FLOOR_BYTES >> SS_GRANULE_SHIFT;
    size_t whole = (size_t)(space->peak >> 16) * SS_DIRTY_PEAK_EIGHTHS / 8;
    return whole > space->used_granules + floor ? whole - space->used_granules : floor;
}

static void peak_update(ss_space *space) {
    uint64_t used = (uint64_t)space->used_granules << 16;
    if (used > space->peak)
        space->peak = used;
    else
        space->peak -= (space->peak - used) >> SS_PEAK_DECAY_SHIFT;
}

/* Inserts a run joined with the neighbours of its kind. Its age is that of its longest part: or what is
 * cut from a long run and comes back to it would keep the whole of it young. */
static void run_join(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind) {
    uint32_t longest = count, stamp = space->clock;
    if (atomic_load_explicit(&space->aged, memory_order_relaxed))
        stamp -= UINT32_MAX / 2; /* older than any tick */
    uint32_t before = first == 0 ? 0 : space->granules[first - 1].tag;
    if (before != 0 && tag_kind(before) == kind) {
        uint32_t length = tag_length(before);
        first -= length;
        count += length;
        if (length > longest) {
            longest = length;
            stamp = space->granules[first].stamp;
        }
        run_remove(space, first, length, kind);
    }
    uint32_t after = space->granules[first + count].tag;
    if (after != 0 && tag_kind(after) == kind) {
        uint32_t length = tag_length(after);
        if (length > longest)
            stamp = space->granules[first + count].stamp;
        run_remove(space, first + count, length, kind);
        count += length;
    }
    run_insert(space, first, count, kind, stamp);
}

bool ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind) {
    peak_update(space);
    space->used_granules -= count;
    ss_publish_count(space);
    run_join(space, first, count, kind);
    if (kind == SS_RUN_CLEAN)
        discharge(space, count);
    if (space->kind != SS_SPACE_EXTERNAL || space->live != NULL)
        ss_scavenger_want(space->dirty_granules << SS_GRANULE_SHIFT);
    return space->dirty_granules > dirty_bound(space);
}

/* ---- the interface ---- */

uint32_t ss_span_take(ss_space *space, uint32_t count, bool *zero) {
    for (;;) {
        ss_lock_take(&space->lock);
        uint32_t first = ss_span_take_locked(space, count, zero);
        ss_lock_release(&space->lock);
        if (first != SS_NO_SPAN || !ss_space_grow(space, count))
            return first;
    }
}

void ss_span_release(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind) {
    ss_lock_take(&space->lock);
    bool over = ss_span_release_locked(space, first, count, kind);
    ss_lock_release(&space->lock);
    if (over)
        ss_span_settle(space);
}

bool ss_span_extend(ss_space *space, uint32_t first, uint32_t count) {
    ss_lock_take(&space->lock);
    /* A dirty run and a clean one may lie side by side, two of one kind not. */
    uint32_t there = 0, clean = 0;
    while (there < count && first + there < space->granule_count &&
           space->granules[first + there].tag != 0) {
        uint32_t tag = space->granules[first + there].tag, left = count - there;
        if (tag_kind(tag) == SS_RUN_CLEAN)
            clean += tag_length(tag) < left ? tag_length(tag) : left;
        there += tag_length(tag);
    }
    bool fits = there >= count && charge(space, clean);
    for (uint32_t at = first, left = count; fits && left != 0;) {
        uint32_t length = tag_length(space->granules[at].tag);
        uint32_t part = length < left ? length : left;
        run_take(space, at, part);
        at += part;
        left -= part;
    }
    if (fits)
        space->used_granules += count;
    ss_lock_release(&space->lock);
    return fits;
}

bool ss_span_add(ss_space *space, ss_span_end_at end, uint32_t count) {
    uint32_t first = end.granule;
    ss_lock_take(&space->lock);
    if (space->granule_count == first && space->shrinks == end.shrinks && count != 0) {
        space->granule_count = first + count;
        run_join(space, first, count, SS_RUN_CLEAN);
        if (space->kind != SS_SPACE_EXTERNAL)
            atomic_fetch_add_explicit(&ss_process->committed_bytes[space->kind],
                                      (size_t)count << SS_GRANULE_SHIFT, memory_order_relaxed);
    }
    ss_lock_release(&space->lock);
    ss_scavenger_grown((size_t)count << SS_GRANULE_SHIFT);
    return true;
}

ss_span_end_at ss_span_end(ss_space *space) {
    for (;;) {
        ss_lock_take(&space->lock);
        bool shrinking = space->shrinking;
        ss_span_end_at end = {space->granule_count, space->shrinks};
        ss_lock_release(&space->lock);
        if (!shrinking)
            return end;
        ss_os_yield();
    }
}

bool ss_span_shrink(ss_space *space) {
    ss_lock_take(&space->lock);
    uint32_t end = space->granule_count, tag = end == 0 ? 0 : space->granules[end - 1].tag;
    uint32_t count = tag_length(tag) & ~(SS_SUPERSLAB_GRANULES - 1); /* whole SuperSlabs */
    if (count == 0 || tag_kind(tag) != SS_RUN_CLEAN || space->shrinking) {
        ss_lock_release(&space->lock);
        return false;
    }
    uint32_t rest = tag_length(tag) - count;
    run_remove(space, end - tag_length(tag), tag_length(tag), SS_RUN_CLEAN);
    if (rest != 0)
        run_insert(space, end - tag_length(tag), rest, SS_RUN_CLEAN, 0);
    space->granule_count = end - count;
    space->shrinks++;
    space->shrinking = true;
    ss_lock_release(&space->lock);
    size_t bytes = (size_t)count << SS_GRANULE_SHIFT;
    ss_os_decommit(ss_space_address(space, end - count), bytes);
    atomic_fetch_sub_explicit(&ss_process->committed_bytes[space->kind], bytes,
                              memory_order_relaxed);
    ss_lock_take(&space->lock);
    space->shrinking = false;
    ss_lock_release(&space->lock);
    return true;
}

/* ---- page moves ---- */

static uint32_t moved_mask(uint32_t at, uint32_t end, uint32_t *step) {
    uint32_t in = at % SS_SUPERSLAB_GRANULES, room = SS_SUPERSLAB_GRANULES - in;
    *step = end - at < room ? end - at : room;
    return (*step == SS_SUPERSLAB_GRANULES ? UINT32_MAX : (UINT32_C(1) << *step) - 1) << in;
}

void ss_span_moved(ss_space *space, uint32_t to, uint32_t count) {
    ss_lock_take(&space->lock);
    for (uint32_t at = to, step; at < to + count; at += step) {
        uint32_t mask = moved_mask(at, to + count, &step);
        uint32_t *moved = &space->moved[at / SS_SUPERSLAB_GRANULES];
        if (*moved == 0)
            atomic_fetch_add_explicit(&ss_process->moved_superslabs, 1, memory_order_relaxed);
        *moved |= mask;
    }
    ss_lock_release(&space->lock);
}

/* Whether a page move touched the span, with the lock held; notes that it no longer matters. */
static bool moved_forget(ss_space *space, uint32_t first, uint32_t count) {
    bool any = false;
    for (uint32_t at = first, step; at < first + count; at += step) {
        uint32_t mask = moved_mask(at, first + count, &step);
        uint32_t *moved = &space->moved[at / SS_SUPERSLAB_GRANULES];
        if ((*moved & mask) == 0)
            continue;
        any = true;
        *moved &= ~mask;
        if (*moved == 0)
            atomic_fetch_sub_explicit(&ss_process->moved_superslabs, 1, memory_order_relaxed);
    }
    return any;
}

/* ---- giving back ---- */

/* No block starts in the granules, so their part of a window's table is zero. */
static void live_purge(const ss_space *space, uint32_t first, uint32_t count) {
    uintptr_t page = ss_os_page_bytes(), table = (uintptr_t)space->live;
    uintptr_t from = table + (uintptr_t)first * SS_LIVE_GRANULE_BYTES;
    uintptr_t to = from + (uintptr_t)count * SS_LIVE_GRANULE_BYTES;
    from = (from + page - 1) & ~(page - 1);
    to &= ~(page - 1);
    if (from < to)
        ss_os_purge((void *)from, to - from);
}

#define OLDEST_OF 4u

/* The dirty run to purge next: the oldest of the latest ones of the longest lengths. Long runs give
 * much back with one call. The first granule; there is one. */
static uint32_t run_to_purge(const ss_space *space) {
    const ss_runs *runs = &space->runs[SS_RUN_DIRTY];
    uint32_t best = 0, looked = 0;
    for (uint32_t word = SS_RUN_LISTS / 64; word-- != 0 && looked < OLDEST_OF;)
        for (uint64_t lists = runs->nonempty[word]; lists != 0 && looked < OLDEST_OF; looked++) {
            uint32_t bit = 63 - (uint32_t)__builtin_clzll(lists);
            lists &= ~(UINT64_C(1) << bit);
            uint32_t at = runs->head[word * 64 + bit];
            if (best == 0 || space->clock - space->granules[at - 1].stamp >
                                 space->clock - space->granules[best - 1].stamp)
                best = at;
        }
    return best - 1;
}

/* A dirty run, or the first part of a long one, taken so that nobody else gets it while it is purged
 * without the lock. */
typedef struct held_run {
    uint32_t first, count;
    bool moved;
} held_run;

static held_run run_hold(ss_space *space, uint32_t first, uint32_t most) {
    uint32_t length = tag_length(space->granules[first].tag);
    held_run run = {first, length < most ? length : most, false};
    run_take(space, first, run.count);
    space->used_granules += run.count;
    space->purging++;
    run.moved = moved_forget(space, first, run.count);
    return run;
}

/* Without the lock. */
static bool held_purge(const ss_space *space, held_run run) {
    char *start = ss_space_address(space, run.first);
    size_t bytes = (size_t)run.count << SS_GRANULE_SHIFT;
    if (space->live != NULL)
        live_purge(space, run.first, run.count);
    return run.moved ? ss_os_renew(start, bytes) : ss_os_purge(start, bytes);
}

static void held_release(ss_space *space, held_run run, bool purged) {
    space->purging--;
    space->used_granules -= run.count;
    if (purged)
        discharge(space, run.count);
    run_join(space, run.first, run.count, purged ? SS_RUN_CLEAN : SS_RUN_DIRTY);
}

size_t ss_span_purge(ss_space *space, size_t keep) {
    size_t given = 0;
    if (space->kind == SS_SPACE_EXTERNAL && space->live == NULL)
        return 0; /* not ours to give */
    ss_lock_take(&space->lock);
    while (space->dirty_granules > keep) {
        held_run run = run_hold(space, run_to_purge(space), UINT32_MAX);
        ss_lock_release(&space->lock);
        bool purged = held_purge(space, run);
        ss_lock_take(&space->lock);
        held_release(space, run, purged);
        if (!purged)
            break; /* locked in memory: trying the rest would fail alike */
        given += (size_t)run.count << SS_GRANULE_SHIFT;
    }
    ss_lock_release(&space->lock);
    atomic_fetch_add_explicit(&ss_process->given_back_bytes, given, memory_order_relaxed);
    return given;
}

SS_COLD void ss_span_settle(ss_space *space) {
    ss_lock_take(&space->lock);
    size_t bound = dirty_bound(space);
    ss_lock_release(&space->lock);
    ss_span_purge(space, bound - bound / 4);
}

/* ---- by age ---- */

#define TICK_RUNS 16u      /* runs purged at a time */
#define TICK_GRANULES 512u /* and granules, more or less: others cannot have them meanwhile */
#define TICK_LOOK 256u     /* runs of a list looked at with the lock held */

/* Purges some of the runs of one list that are older than `oldest`: how many. *refused says that the system
 * refuses: then the rest would fare alike. */
static uint32_t list_purge_old(ss_space *space, uint32_t list, uint32_t oldest, size_t *given,
                               bool *refused) {
    held_run held[TICK_RUNS];
    uint32_t count = 0, granules = 0, looked = 0, purged = 0;
    ss_lock_take(&space->lock);
    for (uint32_t at = space->runs[SS_RUN_DIRTY].head[list], next;
         at != 0 && looked < TICK_LOOK && count < TICK_RUNS && granules < TICK_GRANULES;
         at = next, looked++) {
        next = space->granules[at - 1].next;
        if (space->clock - space->granules[at - 1].stamp <= space->clock - oldest)
            continue;
        held[count] = run_hold(space, at - 1, TICK_GRANULES);
        granules += held[count++].count;
    }
    ss_lock_release(&space->lock);
    while (purged < count && held_purge(space, held[purged]))
        *given += (size_t)held[purged++].count << SS_GRANULE_SHIFT;
    ss_lock_take(&space->lock);
    for (uint32_t i = 0; i < count; i++)
        held_release(space, held[i], i < purged);
    ss_lock_release(&space->lock);
    *refused = purged < count;
    return purged;
}

size_t ss_span_tick(ss_space *space, uint32_t tick) {
    size_t given = 0;
    if (space->kind == SS_SPACE_EXTERNAL && space->live == NULL)
        return 0; /* not ours to give */
    uint32_t *clock_at = &space->clock_at[tick % SS_DECAY_TICKS];
    ss_lock_take(&space->lock);
    /* What was stamped before the clock of so many ticks ago is that old. */
    uint32_t oldest = *clock_at;
    *clock_at = space->clock;
    ss_lock_release(&space->lock);
    bool refused = false;
    for (uint32_t list = SS_RUN_LISTS; list-- != 0;)
        while (!refused && list_purge_old(space, list, oldest, &given, &refused) != 0)
            ;
    atomic_fetch_add_explicit(&ss_process->given_back_bytes, given, memory_order_relaxed);
    return refused ? 0 : ss_span_dirty_bytes(space);
}

size_t ss_span_dirty_bytes(ss_space *space) {
    ss_lock_take(&space->lock);
    size_t bytes = space->dirty_granules << SS_GRANULE_SHIFT;
    ss_lock_release(&space->lock);
    return bytes;
}
