#include "space/dirty.h"

#include "space/held.h"
#include "space/huge.h"
#include "space/registry.h"

/* ---- the peak ---- */

void ss_dirty_new_peak(ss_space *space) {
    uint32_t used = (uint32_t)space->used_granules;
    space->peak_now = used > space->peak_now ? used : space->peak_now;
    space->peak = used > space->peak ? used : space->peak;
}

/* The peak after the present tick, when the oldest tick is forgotten. */
static uint32_t next_peak(const ss_space *space) {
    uint32_t most = (uint32_t)space->used_granules;
    for (uint32_t i = 0; i < SS_DECAY_TICKS; i++)
        if (i != space->peak_at && space->peak_of[i] > most)
            most = space->peak_of[i];
    return most > space->peak_now ? most : space->peak_now;
}

static void peak_advance(ss_space *space) {
    space->peak = next_peak(space);
    space->peak_of[space->peak_at] = space->peak_now;
    space->peak_at = (space->peak_at + 1) % SS_DECAY_TICKS;
    space->peak_now = 0;
}

/* ---- the bound ---- */

/* What large caches have room for, up to the floor of all of them: it is subtracted from the floor of dirty memory. */
static size_t large_caches_granules(void) {
    _Static_assert(SS_LARGE_CACHES_FLOOR_BYTES < SS_DIRTY_FLOOR_BYTES, "something is left");
    const size_t most = SS_LARGE_CACHES_FLOOR_BYTES >> SS_GRANULE_SHIFT;
    /* Relaxed: a budget. */
    size_t granules = atomic_load_explicit(&ss_signals->large_cache_granules, memory_order_relaxed);
    return granules < most ? granules : most;
}

/* The number of granules that may be dirty now, given a peak. */
static size_t bound_under(const ss_space *space, size_t peak) {
    if (ss_signal_is_at_once())
        return 0;
    size_t floor = SS_DIRTY_FLOOR_BYTES >> SS_GRANULE_SHIFT;
    if (space->kind == SS_SPACE_HEADLESS)
        floor -= large_caches_granules();
    size_t whole = peak * SS_DIRTY_PEAK_EIGHTHS / 8;
    return whole > space->used_granules + floor ? whole - space->used_granules : floor;
}

/* Without a scavenger, releases have to read the clock. */
static bool has_no_ticks(void) {
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    return state == SS_SCAVENGER_NEVER || state == SS_SCAVENGER_REFUSED;
}

bool ss_dirty_exceeds_slow(ss_space *space) {
    if (ss_space_is_region(space))
        return false;
    ss_signal_want(space->dirty_granules << SS_GRANULE_SHIFT);
    if (space->dirty_granules > bound_under(space, space->peak) ||
        (space->returning != 0 && ss_signal_is_unheard()))
        return true;
    return space->dirty_granules > SS_DIRTY_FLOOR_BYTES >> SS_GRANULE_SHIFT && has_no_ticks() &&
           ++space->releases % SS_PEAK_RELEASES == 0;
}

static uint64_t tick_nanoseconds(void) {
    int64_t ms = ss_process_decay();
    return (uint64_t)(ms > 0 ? ms : SS_DECAY_MILLISECONDS) * 1000000 / SS_DECAY_TICKS;
}

/* Without a scavenger the peak sinks by the clock. `now` was read before the lock was taken. */
static void peak_pass_time(ss_space *space, uint64_t now) {
    uint64_t ticks = (now - space->peak_since) / tick_nanoseconds();
    if (ticks == 0)
        return;
    for (uint64_t i = 0; i < ticks && i <= SS_DECAY_TICKS; i++)
        peak_advance(space);
    space->peak_since = now;
}

/* ---- giving back ---- */

/* Purges the granules' part of the table of live blocks: it is zero, because no block starts in them. */
static void live_purge(const ss_space *space, uint32_t first, uint32_t count) {
    unsigned shift = space->kind == SS_SPACE_EXTERNAL ? SS_LIVE_SHIFT : SS_HEADLESS_LIVE_SHIFT;
    size_t page = ss_os_page_bytes();
    size_t from = (size_t)first << (SS_GRANULE_SHIFT - shift);
    size_t to = from + ((size_t)count << (SS_GRANULE_SHIFT - shift));
    if (space->kind == SS_SPACE_HEADLESS) {
        /* Relaxed: the thread that freed the granules saw the table committed as far as their blocks need, and the
         * space's lock has handed that on. */
        size_t ready = atomic_load_explicit(&space->live_ready, memory_order_relaxed);
        to = to < ready ? to : ready;
    }
    from = (from + page - 1) & ~(page - 1);
    to &= ~(page - 1);
    if (from < to)
        ss_os_purge((char *)(uintptr_t)space->live + from, to - from);
}

#define STEP_GRANULES ((uint32_t)(SS_PURGE_STEP_BYTES >> SS_GRANULE_SHIFT))

/* A span that this thread holds, so that no other thread gets it while it is purged without the lock. */
typedef struct held_part {
    uint32_t first, count;
    bool moved;
} held_part;

/* Holds dirty granules of a run. */
static held_part part_hold(ss_space *space, ss_dirty_part part) {
    held_part held = {part.first, part.count, false};
    ss_run_take(space, part.run, part.first, part.count);
    space->used_granules += held.count;
    ss_span_hold(space, held.first, held.count);
    held.moved = ss_span_forget_moved(space, held.first, held.count);
    return held;
}

/* Called without the lock. Purges in steps, because threads that commit memory wait while the system purges. */
static bool held_purge(const ss_space *space, held_part held) {
    if (space->live != NULL)
        live_purge(space, held.first, held.count);
    for (uint32_t at = 0; at < held.count; at += STEP_GRANULES) {
        uint32_t left = held.count - at;
        char *start = ss_space_address(space, held.first + at);
        size_t bytes = (size_t)(left < STEP_GRANULES ? left : STEP_GRANULES) << SS_GRANULE_SHIFT;
        if (!(held.moved ? ss_os_renew(start, bytes) : ss_space_purge(space, start, bytes)))
            return false;
    }
    return true;
}

static void held_release(ss_space *space, held_part held, bool purged) {
    ss_entry_set(space, held.first, SS_ENTRY_NONE, 0);
    ss_span_unhold(space);
    space->used_granules -= held.count;
    if (purged)
        ss_span_discharge(space, held.count);
    ss_run_join(space, held.first, held.count, purged ? SS_RUN_CLEAN : SS_RUN_DIRTY);
}

/* ---- large spans ---- */

static void returning_push(ss_space *space, uint32_t first, uint32_t count) {
    ss_span_hold_going(space, first, count);
    space->granules[first].dirty = space->returning;
    space->returning = first + 1;
    space->returning_granules += count;
}

/* Takes at most `most` granules of the first span; there must be one. The calling thread holds them, and they count as
 * used. */
static held_part returning_pop(ss_space *space, uint32_t most) {
    uint32_t first = space->returning - 1;
    uint32_t whole = ss_entry_get(space, first) & SS_ENTRY_VALUE;
    held_part held = {first, whole < most ? whole : most, false};
    space->returning = space->granules[first].dirty;
    space->returning_granules -= whole;
    if (held.count < whole)
        returning_push(space, first + held.count, whole - held.count);
    ss_span_hold(space, first, held.count);
    ss_span_unhold(space); /* the span was held before */
    space->used_granules += held.count;
    return held;
}

void ss_dirty_forget(ss_space *space) {
    space->returning = 0;
    space->returning_granules = 0;
}

bool ss_dirty_return(ss_space *space, uint32_t first, uint32_t count) {
    if (ss_space_is_region(space))
        return false;
    returning_push(space, first, count);
    return true;
}

static held_part returning_hold(ss_space *space) {
    held_part held = returning_pop(space, STEP_GRANULES);
    held.moved = ss_span_forget_moved(space, held.first, held.count);
    return held;
}

/* When the system refuses to purge: turns the large spans into dirty runs. */
static void returning_give_up(ss_space *space) {
    while (space->returning != 0)
        held_release(space, returning_pop(space, UINT32_MAX), false);
}

/* ---- in steps ---- */

typedef enum step_result { STEP_DONE, STEP_NONE, STEP_REFUSED } step_result;

/* Purges one step, large spans first, then the highest dirty granules. Spans are taken from low addresses more often,
 * so the highest granules are needed again last. */
static step_result step(ss_space *space, size_t keep, size_t *given) {
    held_part held;
    ss_biased_take(&space->lock);
    if (space->returning != 0) {
        held = returning_hold(space);
    } else if (space->dirty_granules > keep) {
        size_t over = space->dirty_granules - keep;
        uint32_t most = over < STEP_GRANULES ? (uint32_t)over : STEP_GRANULES;
        ss_dirty_part part = ss_run_highest(space, most);
        if (part.count == 0) {
            ss_biased_release(&space->lock);
            return STEP_DONE;
        }
        held = part_hold(space, part);
    } else {
        ss_biased_release(&space->lock);
        return STEP_NONE;
    }
    ss_biased_release(&space->lock);
    bool purged = held_purge(space, held);
    ss_biased_take(&space->lock);
    held_release(space, held, purged);
    if (!purged)
        returning_give_up(space);
    ss_biased_release(&space->lock);
    size_t bytes = purged ? (size_t)held.count << SS_GRANULE_SHIFT : 0;
    ss_count_given_back(bytes);
    *given += bytes;
    return purged ? STEP_DONE : STEP_REFUSED; /* locked in memory, as the rest will be */
}

size_t ss_span_purge(ss_space *space, size_t keep) {
    size_t given = 0;
    if (!ss_space_is_region(space))
        while (step(space, keep, &given) == STEP_DONE)
            ;
    return given;
}

void ss_span_await(ss_space *space) {
    enum { MILLISECONDS = 50 };
    if (ss_process_is_inline())
        return;
    _Atomic uint32_t never = 0;
    /* Relaxed, both: nothing is read that depends on them. In the child of a fork `held` may count a span too many. */
    for (unsigned waits = 0;
         waits < MILLISECONDS && atomic_load_explicit(&space->held, memory_order_relaxed) != 0 &&
         atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed) == SS_SCAVENGER_RUNNING;
         waits++)
        ss_os_wait(&never, 0, 1);
}

/* The number of granules to keep dirty: a little less than the bound if that is exceeded, else any number. */
static size_t amount_to_keep(const ss_space *space) {
    size_t bound = bound_under(space, space->peak), slack = bound / 4;
    const size_t most = SS_DIRTY_SLACK_BYTES >> SS_GRANULE_SHIFT;
    return space->dirty_granules > bound ? bound - (slack < most ? slack : most) : SIZE_MAX;
}

static bool is_settled(ss_space *space) {
    ss_biased_take(&space->lock);
    bool settled = space->returning == 0 && amount_to_keep(space) == SIZE_MAX;
    ss_biased_release(&space->lock);
    return settled;
}

SS_COLD void ss_span_settle(ss_space *space) {
    const uint64_t begin = ss_os_clock_nanoseconds();
    size_t given = 0;
    ss_biased_take(&space->lock);
    if (has_no_ticks())
        peak_pass_time(space, begin);
    size_t keep = amount_to_keep(space);
    ss_biased_release(&space->lock);
    while (step(space, keep, &given) == STEP_DONE) {
        if (ss_os_clock_nanoseconds() - begin < SS_HOUSEKEEPING_NANOSECONDS)
            continue;
        if (!is_settled(space))
            ss_signal_hurry();
        return;
    }
}

void ss_span_relieve(ss_space *space) {
    ss_biased_take(&space->lock);
    size_t keep = amount_to_keep(space);
    ss_biased_release(&space->lock);
    ss_span_purge(space, keep);
}

/* ---- by age ---- */

#define TICK_RUNS 16u      /* runs that are held and purged at a time, in part or whole */
#define TICK_GRANULES 512u /* about as many granules: no thread can take them meanwhile */
#define TICK_VISITS 256u   /* runs of a list that are visited with the lock held */

/* Whether a tick goes on. */
static bool has_time(uint64_t until) {
    return until == SS_NO_END || ss_os_clock_nanoseconds() < until;
}

/* Purges some of the runs of one list that are older than `oldest`, and returns how many. *refused says that the system
 * refuses, as it will for the rest. */
static uint32_t list_purge_old(ss_space *space, uint32_t list, uint32_t oldest, size_t *given,
                               uint64_t until, bool *refused) {
    const uint32_t most = until == SS_NO_END ? TICK_GRANULES : STEP_GRANULES;
    held_part held[TICK_RUNS];
    uint32_t count = 0, granules = 0, visited = 0, purged = 0;
    ss_biased_take(&space->lock);
    for (uint32_t at = space->runs.head[SS_RUN_DIRTY * SS_RUN_LISTS + list], next;
         at != 0 && visited < TICK_VISITS && count < TICK_RUNS && granules < most;
         at = next, visited++) {
        next = space->granules[at - 1].next;
        if (space->clock - space->granules[at - 1].stamp <= space->clock - oldest)
            continue;
        held[count] = part_hold(space, ss_run_lowest(space, at - 1, most - granules));
        granules += held[count++].count;
    }
    ss_biased_release(&space->lock);
    while (purged < count && held_purge(space, held[purged]))
        *given += (size_t)held[purged++].count << SS_GRANULE_SHIFT;
    ss_biased_take(&space->lock);
    for (uint32_t i = 0; i < count; i++)
        held_release(space, held[i], i < purged);
    ss_biased_release(&space->lock);
    *refused = purged < count;
    return purged;
}

/* Lets the peak sink. First purges what the new bound will not allow, so that no release exceeds it. Without the time
 * for that the peak stays until the next tick. */
static void peak_tick(ss_space *space, uint64_t until) {
    size_t given = 0;
    step_result result;
    ss_biased_take(&space->lock);
    size_t keep = bound_under(space, next_peak(space));
    ss_biased_release(&space->lock);
    do
        result = step(space, keep, &given);
    while (result == STEP_DONE && has_time(until));
    if (result == STEP_DONE)
        return;
    ss_biased_take(&space->lock);
    peak_advance(space);
    ss_biased_release(&space->lock);
}

SS_COLD size_t ss_span_tick(ss_space *space, uint32_t tick, uint64_t until) {
    size_t given = 0;
    if (ss_space_is_region(space))
        return 0;
    uint32_t *clock_at = &space->clock_at[tick % SS_DECAY_TICKS];
    ss_biased_take(&space->lock);
    /* Runs with a stamp before the clock of SS_DECAY_TICKS ticks ago are older than that. */
    uint32_t oldest = *clock_at;
    *clock_at = space->clock;
    ss_biased_release(&space->lock);
    bool refused = false;
    /* At least one part, so that each tick gives something back. */
    for (uint32_t list = SS_RUN_LISTS; list-- != 0;)
        while (!refused && (given == 0 || has_time(until)) &&
               list_purge_old(space, list, oldest, &given, until, &refused) != 0)
            ;
    ss_count_given_back(given);
    if (refused)
        return 0;
    peak_tick(space, until);
    return ss_span_dirty_bytes(space);
}

size_t ss_span_dirty_bytes(ss_space *space) {
    ss_biased_take(&space->lock);
    size_t granules = space->dirty_granules + space->returning_granules;
    ss_biased_release(&space->lock);
    return granules << SS_GRANULE_SHIFT;
}
