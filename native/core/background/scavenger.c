/* The scavenger's start, ticks and end. The work of a tick is elsewhere: threads' bins in park.c, free blocks in
 * purge.c, free runs in dirty.c.
 *
 * The scavenger allocates nothing, calls no function of the C library but system calls, and reports no fault itself:
 * see os/thread_linux.c. The child of a fork may find its work half done, and mends it: fork.c. */
#include "background/scavenger.h"

#include "background/control.h"
#include "background/guarding.h"
#include "background/park.h"
#include "background/pressure.h"
#include "background/publish.h"
#include "background/source.h"
#include "base/biased.h"
#include "base/container.h"
#include "base/copy.h"
#include "base/report.h"
#include "base/thread.h"
#include "profile/profile.h"
#include "slab/purge.h"
#include "space/dirty.h"

/* Ticks between two passes over the slabs: half the decay. What two passes find unchanged has been free for that
 * long. */
#define SLAB_TICKS (SS_DECAY_TICKS / 2)

/* ---- its state ---- */

static ss_container container;
static _Atomic uint64_t tick_due; /* without a thread: time of the next tick, in nanoseconds */

static uint32_t state_now(void) {
    return atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
}

/* Relaxed: the state hands over no other data, except in ss_scavenger_tick_inline, which acquires and releases. */
static bool state_change(uint32_t from, uint32_t to) {
    return atomic_compare_exchange_strong_explicit(&ss_signals->scavenger, &from, to,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* True also in a copy made by hand: where clone's function returns only its own thread ends, and a scavenger would keep
 * the process alive. */
bool ss_scavenger_is_inline(void) {
    return ss_process_is_inline() || ss_process_is_unhandled_copy();
}

static bool is_told_to_leave(void) {
    return state_now() == SS_SCAVENGER_LEAVING;
}

/* ---- a tick ---- */

typedef struct scavenger {
    uint32_t ticks;
    uint32_t cold;      /* the sum of all heaps' cold paths at the last pass over the slabs */
    bool slabs_pending; /* the next pass may purge slabs that the last one saw */
    bool runs_left;     /* a space has more than SS_SCAVENGER_END_BYTES dirty */
    bool controlled;    /* another process has it profile */
    bool at_once;       /* free memory goes back at once: see ss_signals_data.at_once */
    ss_guarding guarding;
    uint64_t until; /* the end of a tick that a call does; SS_NO_END for the thread's */
} scavenger;

/* Each tick function returns whether work is left for which the thread should stay. */

static void aged_visit(ss_space *space, void *aged) {
    ss_space_set_aged(space, *(bool *)aged);
}

static bool sleepers_tick(const scavenger *self, uint32_t *cold) {
    ss_faults faults = {.count = 0};
    bool aged = true;
    ss_each_space(aged_visit, &aged); /* spans that a flush frees were idle as long as the heap */
    const uint32_t ticks = self->at_once ? 1 : SS_DECAY_TICKS;
    bool left = ss_heaps_flush_left();
    left |= ss_park_sleepers(ticks, cold, &faults);
    aged = false;
    ss_each_space(aged_visit, &aged);
    left |= ss_park_workers(ticks, &faults);
    ss_report_defer(&faults);
    return left;
}

static void slabs_visit(ss_space *space, void *context) {
    scavenger *self = context;
    self->slabs_pending |= ss_purge_idle_slabs(space, self->at_once, self->until);
}

static bool is_publication_late(void) {
    return atomic_load_explicit(&ss_signals->publish_late, memory_order_relaxed);
}

static bool slabs_tick(scavenger *self, uint32_t cold) {
    if (!self->at_once && self->ticks % SLAB_TICKS != 0)
        return self->slabs_pending;
    /* Acquire: pairs with the release in ss_signal_freed, so the pass finds what was freed. `cold` alone would not do:
     * the end of a thread frees blocks but is no cold path. */
    size_t freed = atomic_exchange_explicit(&ss_signals->freed_bytes, 0, memory_order_acquire);
    if (cold == self->cold && freed == 0 && !self->slabs_pending && !is_publication_late())
        return false;
    self->cold = cold;
    self->slabs_pending = false;
    ss_each_space(slabs_visit, self);
    /* Published here, because it takes another pass over the slabs, which is worth it only after a change. */
    if (ss_scavenger_is_inline())
        ss_publish_by_call();
    else
        ss_publish();
    return self->slabs_pending;
}

static void runs_visit(ss_space *space, void *context) {
    scavenger *self = context;
    if (self->at_once && self->until == SS_NO_END)
        ss_span_purge(space, 0);
    self->runs_left |= ss_span_tick(space, self->ticks, self->until) > SS_SCAVENGER_END_BYTES;
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
    self->slabs_pending |= left; /* flushed blocks are in slabs now */
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
    const ss_container_use use = ss_container_look(&container);
    ss_pressure_tick(&use);
    self->at_once = ss_process_decay() == 0 || use.near;
    atomic_store_explicit(&ss_signals->at_once, self->at_once, memory_order_relaxed);
}

/* ---- beginning and end ---- */

static uint32_t tick_milliseconds(void) {
    uint32_t ms = (uint32_t)ss_process_decay() / SS_DECAY_TICKS;
    uint32_t cpu = ss_container_cpu(&container);
    ms = ms > SS_TICK_MIN_MILLISECONDS ? ms : SS_TICK_MIN_MILLISECONDS;
    /* A quota below one processor makes ticks longer in proportion, at most 10 times. */
    return cpu != 0 && cpu < 1000 && ms < 1000 ? ms * 1000 / (cpu > 100 ? cpu : 100) : ms;
}

static bool is_hurried(void) {
    return atomic_load_explicit(&ss_signals->hurry, memory_order_relaxed);
}

static void relieve_visit(ss_space *space, void *context) {
    (void)context;
    if (ss_scavenger_is_inline())
        ss_span_settle(space); /* for a bounded time, because a call waits */
    else
        ss_span_relieve(space);
}

/* Gives back what calls have left. False if there was nothing. */
static bool relieve(void) {
    if (SS_LIKELY(!is_hurried()))
        return false;
    /* Cleared before the work, so that a call that leaves more from now on wakes the thread again. */
    atomic_store_explicit(&ss_signals->hurry, false, memory_order_relaxed);
    ss_each_space(relieve_visit, NULL);
    return true;
}

/* Waits for one tick, and gives back meanwhile what calls leave. Returns early near a container's limit. Any other
 * wake-up does not end the tick, because ages are counted in ticks. */
static void wait_for_tick(scavenger *self, uint32_t milliseconds) {
    const uint64_t whole = (uint64_t)milliseconds * 1000000, begin = ss_os_clock_nanoseconds();
    for (uint64_t gone = 0; gone < whole; gone = ss_os_clock_nanoseconds() - begin) {
        uint32_t wakes = atomic_load_explicit(&ss_signals->wakes, memory_order_relaxed);
        if (is_told_to_leave())
            return;
        self->controlled = ss_control_poll();
        if (relieve())
            continue;
        uint32_t left = (uint32_t)((whole - gone + 999999) / 1000000);
        const uint32_t pause = ss_pressure_pause();
        ss_guarding_wait(&self->guarding, &ss_signals->wakes, wakes, left < pause ? left : pause);
        if (relieve())
            continue;
        if (is_publication_late() && milliseconds > SS_CONTAINER_MILLISECONDS)
            ss_publish(); /* a shorter tick publishes soon enough */
        container_tick(self);
        if (self->at_once)
            return;
    }
}

static void dirty_visit(ss_space *space, void *context) {
    size_t *most = context, dirty = ss_span_dirty_bytes(space);
    *most = dirty > *most ? dirty : *most;
}

/* Whether large caches may make the published figures wrong. Without a barrier they stay as they are, so the scavenger
 * need not stay for them. */
static bool caches_matter(void) {
    return atomic_load_explicit(&ss_signals->large_cache_granules, memory_order_relaxed) >=
               SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT &&
           atomic_load_explicit(&ss_signals->keeping, memory_order_relaxed) != SS_KEEPING_NEVER;
}

/* Whether there is a reason to start the thread. A thread that frees a span reads the scavenger's state after it took
 * the space's lock, which dirty_visit takes too. So one of the two threads sees what the other did. */
static bool is_wanted(void) {
    if (is_hurried() || caches_matter() || ss_profile_is_running() || ss_guarding_is_wanted())
        return true;
    size_t most = atomic_load_explicit(&ss_signals->freed_bytes, memory_order_relaxed);
    ss_each_space(dirty_visit, &most);
    return most >= SS_SCAVENGER_START_BYTES || is_publication_late();
}

static void at_once_reset(void) {
    atomic_store_explicit(&ss_signals->at_once, ss_process_decay() == 0, memory_order_relaxed);
}

/* False if the scavenger must go on. Once the state is NONE, new work starts a new scavenger. Work that came up between
 * the last tick and that moment started none, so it is checked here. If a thread told this one to leave, the state
 * becomes AWAY, and that thread continues. */
static bool ended(void) {
    if (!state_change(SS_SCAVENGER_RUNNING, SS_SCAVENGER_NONE)) {
        state_change(SS_SCAVENGER_LEAVING, SS_SCAVENGER_AWAY);
        return true;
    }
    /* Pairs with the fences in ss_signal_freed, ss_signal_hurry, leave_to_scavenger and room_add of large_cache.c: this
     * thread sees their work, or they see the state NONE. */
    atomic_thread_fence(memory_order_seq_cst);
    return !is_wanted();
}

/* Whether the thread is to stay without work. A process that profiles itself answers `superslab profile` while it is idle
 * too: what it holds then is what is asked for. */
static bool stays(scavenger *self) {
    return self->controlled || ss_profile_is_running() || ss_pressure_stays() ||
           ss_guarding_stays(&self->guarding);
}

static void scavenge(void) {
    scavenger self = {.slabs_pending = true, .until = SS_NO_END};
    ss_thread_bare();
    ss_biased_prepare();
    ss_control_begin();
    container_read();
    container_tick(&self);
    const uint32_t milliseconds = tick_milliseconds();
    do {
        for (uint32_t quiet = 0; quiet < SS_SCAVENGER_END_TICKS && !is_told_to_leave();) {
            wait_for_tick(&self, milliseconds);
            if (!is_told_to_leave())
                quiet = tick(&self) || stays(&self) ? 0 : quiet + 1;
        }
        at_once_reset();
        ss_park_keeping(SS_KEEPING_BY_COUNT);
        ss_guarding_leave();
        ss_publish();
    } while (!ended() && state_change(SS_SCAVENGER_NONE, SS_SCAVENGER_RUNNING));
}

/* A child that shares this memory until it executes a program starts no scavenger. The thread would keep the child from
 * ending, and end with it while the state still says RUNNING. So the child sets the attention bit again for the
 * parent. */
void ss_scavenger_start(void) {
    ss_os_signals before;
    if (!ss_process_is_original()) {
        atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_SCAVENGER,
                                 memory_order_release);
        return;
    }
    /* A signal handler that forks here would leave a child that starts a scavenger although its state says NONE. */
    ss_os_signals_block(&before);
    if (!ss_scavenger_is_inline() && /* ss_process_is_original may just have found a copy */
        state_change(SS_SCAVENGER_WANTED, SS_SCAVENGER_RUNNING) &&
        !ss_os_thread_start(scavenge, "superslab") &&
        !state_change(SS_SCAVENGER_RUNNING, SS_SCAVENGER_REFUSED))
        state_change(SS_SCAVENGER_LEAVING, SS_SCAVENGER_AWAY);
    ss_os_signals_restore(&before);
}

/* ---- without a thread ----
 * SUPERSLAB_DECAY=inline: a thread that takes a cold path and finds a tick due does it. Sleeping threads keep what they
 * hold, because there is no barrier either. The container is not watched, because its files would take descriptors of
 * the program's table. */

static bool is_due(uint64_t now) {
    uint64_t due = atomic_load_explicit(&tick_due, memory_order_relaxed);
    /* The clock may have been set back. */
    return now >= due || due - now > UINT64_C(1000000) * tick_milliseconds();
}

void ss_scavenger_tick_inline(void) {
    static scavenger self; /* belongs, like `quiet`, to the thread that made the state RUNNING */
    static uint32_t quiet;
    uint64_t now = ss_os_time_nanoseconds();
    relieve();
    /* A child that shares this memory leaves the ticks to its parent. */
    if (!is_due(now) || !ss_process_is_original())
        return;
    /* Acquire: pairs with the release stores below, so this thread sees `self` and `quiet` as the last one left them.
     * The exchanges in between continue the release sequence. */
    uint32_t wanted = SS_SCAVENGER_WANTED;
    if (!atomic_compare_exchange_strong_explicit(&ss_signals->scavenger, &wanted,
                                                 SS_SCAVENGER_RUNNING, memory_order_acquire,
                                                 memory_order_relaxed))
        return;
    atomic_store_explicit(&tick_due, now + UINT64_C(1000000) * tick_milliseconds(),
                          memory_order_relaxed);
    self.until = ss_os_clock_nanoseconds() + 2 * SS_HOUSEKEEPING_NANOSECONDS;
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
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in ss_signal_freed */
    if (is_wanted())
        ss_signal_want(SS_SCAVENGER_START_BYTES);
}

/* ---- kept away ---- */

/* Waits until the thread, which has been told to leave, has finished its current work and left. False if that takes
 * longer than SS_SCAVENGER_LEAVE_MILLISECONDS. */
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
    /* Work that came up meanwhile has started no scavenger. */
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in ss_signal_freed */
    if (before == SS_SCAVENGER_RUNNING || before == SS_SCAVENGER_WANTED || is_wanted())
        ss_signal_want(SS_SCAVENGER_START_BYTES);
}

void ss_scavenger_init(void) {
    if (ss_process_decay() == SS_DECAY_NEVER)
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
