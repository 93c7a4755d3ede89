/* The scavenger's life. What it does in each tick is elsewhere: threads' bins in park.c, free
 * blocks in purge.c, free runs in span.c.
 *
 * It allocates nothing, calls no function of the C library but system calls, and reports no fault
 * itself: see os/thread_linux.c. A child of a fork may find its work halfway, and mends it: fork.c. */
#include "background/scavenger.h"

#include "background/park.h"
#include "background/publish.h"
#include "background/source.h"
#include "base/container.h"
#include "base/copy.h"
#include "base/report.h"
#include "base/thread.h"
#include "slab/purge.h"
#include "space/dirty.h"

/* The slabs are looked through every so many ticks: half the decay, so that what is seen twice unchanged
 * was free for that long. */
#define SLAB_TICKS (SS_DECAY_TICKS / 2)

/* ---- its state ---- */

static ss_container container;
static _Atomic uint64_t
    tick_due; /* without a thread: when the next tick is to be, in nanoseconds */

static uint32_t state_now(void) {
    return atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
}

/* Relaxed, as all that is done with this word: it says all by itself. */
static bool state_change(uint32_t from, uint32_t to) {
    return atomic_compare_exchange_strong_explicit(&ss_signals->scavenger, &from, to,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* A copy made by hand: where clone's function returns its thread ends, and with another one there the process would
 * not. */
bool ss_scavenger_is_inline(void) {
    return ss_process->settings.inline_only ||
           atomic_load_explicit(&ss_process->unhandled_copy, memory_order_relaxed);
}

static bool is_told_to_leave(void) {
    return state_now() == SS_SCAVENGER_LEAVING;
}

/* ---- a tick ---- */

typedef struct scavenger {
    uint32_t ticks;
    uint32_t cold; /* the sum of all heaps' cold paths when the slabs were last looked through */
    bool slabs_pending; /* slabs were seen that may be purged the next time */
    bool runs_left;     /* so much is dirty that it is worth staying for */
    bool at_once;       /* nothing may stay free for long: see ss_signals_data.at_once */
} scavenger;

/* Each of these says whether there is something left to do for which the thread should stay. */

static void aged_visit(ss_space *space, void *aged) {
    atomic_store_explicit(&space->aged, *(bool *)aged, memory_order_relaxed);
}

static bool sleepers_tick(const scavenger *self, uint32_t *cold) {
    ss_faults faults = {.count = 0};
    bool aged = true;
    ss_each_space(aged_visit, &aged); /* what ends by a flush was idle as long as the heap */
    const uint32_t ticks = self->at_once ? 1 : SS_DECAY_TICKS;
    bool left = ss_park_sleepers(ticks, cold, &faults);
    aged = false;
    ss_each_space(aged_visit, &aged);
    left |= ss_park_workers(ticks, &faults);
    ss_report_defer(&faults);
    return left;
}

static void slabs_visit(ss_space *space, void *context) {
    scavenger *self = context;
    self->slabs_pending |= ss_purge_idle_slabs(space, self->at_once);
}

static bool is_publication_late(void) {
    return atomic_load_explicit(&ss_signals->publish_late, memory_order_relaxed);
}

static bool slabs_tick(scavenger *self, uint32_t cold) {
    if (!self->at_once && self->ticks % SLAB_TICKS != 0)
        return self->slabs_pending;
    /* Acquire: what was freed is on its slab's list. The end of a thread is no cold path and frees all the
     * same. */
    size_t freed = atomic_exchange_explicit(&ss_signals->freed_bytes, 0, memory_order_acquire);
    if (cold == self->cold && freed == 0 && !self->slabs_pending && !is_publication_late())
        return false;
    self->cold = cold;
    self->slabs_pending = false;
    ss_each_space(slabs_visit, self);
    /* Looks through the same once more, and only after something has happened. */
    if (ss_scavenger_is_inline())
        ss_publish_by_call();
    else
        ss_publish();
    return self->slabs_pending;
}

static void runs_visit(ss_space *space, void *context) {
    scavenger *self = context;
    if (self->at_once)
        ss_span_purge(space, 0);
    self->runs_left |= ss_span_tick(space, self->ticks) > SS_SCAVENGER_END_BYTES;
}

static bool runs_tick(scavenger *self) {
    self->runs_left = false;
    ss_each_space(runs_visit, self);
    return self->runs_left;
}

static bool tick(scavenger *self) {
    uint32_t cold = 0;
    self->ticks++;
    bool left = sleepers_tick(self, &cold);
    self->slabs_pending |= left; /* what was flushed lies in slabs now */
    left |= slabs_tick(self, cold);
    left |= runs_tick(self);
    return left;
}

/* ---- the container ---- */

static void container_read(void) {
    ss_container_read(&container);
    uint64_t limit = ss_container_limit(&container);
    size_t step = limit > SIZE_MAX ? SIZE_MAX : (size_t)limit >> SS_CONTAINER_STEP_SHIFT;
    atomic_store_explicit(&ss_signals->grown_step, limit == SS_CONTAINER_NO_LIMIT ? SIZE_MAX : step,
                          memory_order_relaxed);
}

static void container_tick(scavenger *self) {
    atomic_store_explicit(&ss_signals->grown_bytes, 0, memory_order_relaxed);
    self->at_once = ss_process->settings.decay_ms == 0 || ss_container_is_near(&container);
    atomic_store_explicit(&ss_signals->at_once, self->at_once, memory_order_relaxed);
}

/* ---- beginning and end ---- */

static uint32_t tick_milliseconds(void) {
    uint32_t ms = (uint32_t)ss_process->settings.decay_ms / SS_DECAY_TICKS;
    uint32_t cpu = container.cpu_thousandths;
    ms = ms > SS_TICK_MIN_MILLISECONDS ? ms : SS_TICK_MIN_MILLISECONDS;
    /* A part of a processor is given a part of the ticks. */
    return cpu != 0 && cpu < 1000 && ms < 1000 ? ms * 1000 / (cpu > 100 ? cpu : 100) : ms;
}

static bool is_hurried(void) {
    return atomic_load_explicit(&ss_signals->hurry, memory_order_relaxed);
}

static void relieve_visit(ss_space *space, void *context) {
    (void)context;
    if (ss_scavenger_is_inline())
        ss_span_settle(space); /* a portion, of a call */
    else
        ss_span_relieve(space);
}

/* Does what calls have left; whether there was anything. */
static bool relieve(void) {
    if (SS_LIKELY(!is_hurried()))
        return false;
    /* Before the work: what is left from now on is to be woken for anew. */
    atomic_store_explicit(&ss_signals->hurry, false, memory_order_relaxed);
    ss_each_space(relieve_visit, NULL);
    return true;
}

/* Waits for a tick to go by, and does meanwhile what calls leave; near a limit no longer than it takes to
 * notice. What is not yet a tick by the clock is none: ages are told in ticks. */
static void wait_for_tick(scavenger *self, uint32_t milliseconds) {
    const uint64_t whole = (uint64_t)milliseconds * 1000000, begin = ss_os_clock_nanoseconds();
    for (uint64_t gone = 0; gone < whole; gone = ss_os_clock_nanoseconds() - begin) {
        uint32_t wakes = atomic_load_explicit(&ss_signals->wakes, memory_order_relaxed);
        if (is_told_to_leave())
            return;
        if (relieve())
            continue;
        uint32_t left = (uint32_t)((whole - gone + 999999) / 1000000);
        ss_os_wait(&ss_signals->wakes, wakes,
                   left < SS_CONTAINER_MILLISECONDS ? left : SS_CONTAINER_MILLISECONDS);
        if (relieve())
            continue;
        if (is_publication_late() && milliseconds > SS_CONTAINER_MILLISECONDS)
            ss_publish(); /* or the tick does */
        container_tick(self);
        if (self->at_once)
            return;
    }
}

static void dirty_visit(ss_space *space, void *context) {
    size_t *most = context, dirty = ss_span_dirty_bytes(space);
    *most = dirty > *most ? dirty : *most;
}

/* Whether there is reason to start. Who frees a span asks after taking its space's lock, so either is
 * seen by the other. */
static bool is_wanted(void) {
    if (is_hurried())
        return true;
    if (atomic_load_explicit(&ss_signals->large_cache_granules, memory_order_relaxed) >=
        SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT)
        return true;
    size_t most = atomic_load_explicit(&ss_signals->freed_bytes, memory_order_relaxed);
    ss_each_space(dirty_visit, &most);
    return most >= SS_SCAVENGER_START_BYTES || is_publication_late();
}

static void at_once_reset(void) {
    atomic_store_explicit(&ss_signals->at_once, ss_process->settings.decay_ms == 0,
                          memory_order_relaxed);
}

/* From here on another thread starts one for what comes to be; what came to be since the last tick started none. Or
 * the thread that told this one to leave goes on. */
static bool ended(void) {
    if (!state_change(SS_SCAVENGER_RUNNING, SS_SCAVENGER_NONE)) {
        state_change(SS_SCAVENGER_LEAVING, SS_SCAVENGER_AWAY);
        return true;
    }
    /* Pairs with those in ss_signal_freed, ss_signal_hurry and leave_to_scavenger. */
    atomic_thread_fence(memory_order_seq_cst);
    return !is_wanted();
}

static void scavenge(void) {
    scavenger self = {.slabs_pending = true};
    ss_thread_bare();
    container_read();
    const uint32_t milliseconds = tick_milliseconds();
    do {
        for (uint32_t quiet = 0; quiet < SS_SCAVENGER_END_TICKS && !is_told_to_leave();) {
            wait_for_tick(&self, milliseconds);
            if (!is_told_to_leave())
                quiet = tick(&self) ? 0 : quiet + 1;
        }
        at_once_reset();
        ss_park_keeping(SS_KEEPING_BY_COUNT);
        ss_publish();
    } while (!ended() && state_change(SS_SCAVENGER_NONE, SS_SCAVENGER_RUNNING));
}

/* A child that shares this memory, to execute a program soon, starts none: it would end with the child and still be
 * thought to run, and the child would not end before it. The parent does. */
void ss_scavenger_start(void) {
    ss_os_signals before;
    if (!ss_process_is_original()) {
        atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_SCAVENGER,
                                 memory_order_release);
        return;
    }
    /* A handler that forks here would leave a child that starts one without knowing. */
    ss_os_signals_block(&before);
    if (!ss_scavenger_is_inline() && /* or that has just been found out */
        state_change(SS_SCAVENGER_WANTED, SS_SCAVENGER_RUNNING) &&
        !ss_os_thread_start(scavenge, "superslab") &&
        !state_change(SS_SCAVENGER_RUNNING, SS_SCAVENGER_REFUSED))
        state_change(SS_SCAVENGER_LEAVING, SS_SCAVENGER_AWAY);
    ss_os_signals_restore(&before);
}

/* ---- without a thread ----
 * SUPERSLAB_DECAY=inline. The same ticks, by the threads that take cold paths: one that finds a tick due does it. What
 * sleeping threads hold stays with them, since there is no barrier either. The container is not looked at: its files
 * would take descriptors of the program's table. */

static bool is_due(uint64_t now) {
    uint64_t due = atomic_load_explicit(&tick_due, memory_order_relaxed);
    /* The clock may have been set back. */
    return now >= due || due - now > UINT64_C(1000000) * tick_milliseconds();
}

void ss_scavenger_tick_inline(void) {
    static scavenger self; /* of the thread that has made the state RUNNING, like the next one */
    static uint32_t quiet;
    uint64_t now = ss_os_time_nanoseconds();
    relieve();
    /* A child that shares this memory leaves the ticks to its parent. */
    if (!is_due(now) || !ss_process_is_original())
        return;
    /* Acquire: what the last one left in `self`. */
    uint32_t wanted = SS_SCAVENGER_WANTED;
    if (!atomic_compare_exchange_strong_explicit(&ss_signals->scavenger, &wanted,
                                                 SS_SCAVENGER_RUNNING, memory_order_acquire,
                                                 memory_order_relaxed))
        return;
    atomic_store_explicit(&tick_due, now + UINT64_C(1000000) * tick_milliseconds(),
                          memory_order_relaxed);
    quiet = tick(&self) ? 0 : quiet + 1;
    if (quiet < SS_SCAVENGER_END_TICKS) {
        atomic_store_explicit(&ss_signals->scavenger, SS_SCAVENGER_WANTED, memory_order_release);
        return;
    }
    quiet = 0;
    ss_publish_by_call();
    atomic_fetch_and_explicit(&ss_signals->attention, ~SS_ATTENTION_SCAVENGER,
                              memory_order_relaxed);
    atomic_store_explicit(&ss_signals->scavenger, SS_SCAVENGER_NONE, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the one in ss_signal_freed */
    if (is_wanted())
        ss_signal_want(SS_SCAVENGER_START_BYTES);
}

/* ---- kept away ---- */

/* Told to leave, the thread does so after what it has in hand. */
static bool wait_until_away(void) {
    _Atomic uint32_t never = 0;
    ss_signal_wake();
    for (unsigned waits = 0; state_now() == SS_SCAVENGER_LEAVING; waits++) {
        if (waits < SS_SCAVENGER_LEAVE_MILLISECONDS)
            ss_os_wait(&never, 0, 1);
        else if (state_change(SS_SCAVENGER_LEAVING, SS_SCAVENGER_RUNNING))
            return false;
    }
    return true;
}

ss_scavenger_state ss_scavenger_leave(void) {
    uint32_t before;
    do {
        before = state_now();
        if (before == SS_SCAVENGER_NEVER || before == SS_SCAVENGER_LEAVING ||
            before == SS_SCAVENGER_AWAY || ss_scavenger_is_inline())
            return SS_SCAVENGER_NEVER;
    } while (!state_change(before, before == SS_SCAVENGER_RUNNING ? SS_SCAVENGER_LEAVING
                                                                  : SS_SCAVENGER_AWAY));
    if (before == SS_SCAVENGER_RUNNING && !wait_until_away())
        return SS_SCAVENGER_NEVER;
    ss_os_thread_gone();
    return before;
}

void ss_scavenger_return(ss_scavenger_state before) {
    if (before == SS_SCAVENGER_NEVER || !state_change(SS_SCAVENGER_AWAY, SS_SCAVENGER_NONE))
        return;
    /* What came to be meanwhile has started none. */
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the one in ss_signal_freed */
    if (before == SS_SCAVENGER_RUNNING || before == SS_SCAVENGER_WANTED || is_wanted())
        ss_signal_want(SS_SCAVENGER_START_BYTES);
}

void ss_scavenger_init(void) {
    if (ss_process->settings.decay_ms == SS_DECAY_NEVER)
        atomic_store_explicit(&ss_signals->scavenger, SS_SCAVENGER_NEVER, memory_order_relaxed);
    at_once_reset();
    atomic_store_explicit(&ss_signals->grown_step, SIZE_MAX, memory_order_relaxed);
}

void ss_scavenger_forget(void) {
    uint32_t state = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    if (state != SS_SCAVENGER_NEVER && state != SS_SCAVENGER_REFUSED)
        atomic_store_explicit(&ss_signals->scavenger, SS_SCAVENGER_NONE, memory_order_relaxed);
    atomic_fetch_and_explicit(&ss_signals->attention, ~SS_ATTENTION_SCAVENGER,
                              memory_order_relaxed);
    at_once_reset();
    atomic_store_explicit(&ss_signals->hurry, false, memory_order_relaxed);
    ss_os_thread_forget();
}
