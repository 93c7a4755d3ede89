/* The scavenger's life. What it does in each tick is elsewhere: bins of sleeping threads in park.c, free
 * blocks in purge.c, free runs in span.c.
 *
 * It allocates nothing, calls no function of the C library but system calls, and reports no fault
 * itself: see os/thread_linux.c. All its work is done with park_lock held or a space's `purging` counted,
 * for both of which a fork waits: a child never finds it halfway. */
#include "scavenger.h"

#include "park.h"
#include "purge.h"
#include "report.h"
#include "span.h"

/* The slabs are looked through every so many ticks: half the decay, so that what is seen twice unchanged
 * was free for that long. */
#define SLAB_TICKS (SS_DECAY_TICKS / 2)

/* ---- a tick ---- */

typedef struct scavenger {
    uint32_t ticks;
    uint32_t cold; /* the sum of all heaps' cold paths when the slabs were last looked through */
    bool slabs_pending; /* slabs were seen that may be purged the next time */
} scavenger;

/* Each of these says whether there is something left to do for which the thread should stay. */

static bool sleepers_tick(uint32_t *cold) {
    ss_faults faults = {.count = 0};
    bool left = ss_park_sleepers(cold, &faults);
    ss_report_later(&faults);
    return left;
}

static bool slabs_tick(scavenger *self, uint32_t cold) {
    if (self->ticks % SLAB_TICKS != 0 || (cold == self->cold && !self->slabs_pending))
        return self->slabs_pending;
    self->cold = cold;
    self->slabs_pending = false;
    atomic_store_explicit(&ss_process->freed_bytes, 0, memory_order_relaxed);
    for (uint32_t i = 0, count = ss_space_own_count(); i < count; i++)
        self->slabs_pending |= ss_purge_idle_slabs(ss_space_own(i));
    return self->slabs_pending;
}

static bool runs_tick(const scavenger *self) {
    bool left = false;
    for (uint32_t i = 0, count = ss_space_own_count(); i < count; i++)
        left |= ss_span_tick(ss_space_own(i), self->ticks) > SS_SCAVENGER_END_BYTES;
    return left;
}

static bool tick(scavenger *self) {
    uint32_t cold = 0;
    self->ticks++;
    bool left = sleepers_tick(&cold);
    left |= slabs_tick(self, cold);
    left |= runs_tick(self);
    return left;
}

/* ---- beginning and end ---- */

static uint32_t tick_milliseconds(void) {
    uint32_t ms = (uint32_t)ss_process->settings.decay_ms / SS_DECAY_TICKS;
    return ms > SS_TICK_MIN_MILLISECONDS ? ms : SS_TICK_MIN_MILLISECONDS;
}

/* Whether there is reason to start. Who frees a span asks after taking its space's lock, so either is
 * seen by the other. */
static bool is_wanted(void) {
    size_t most = atomic_load_explicit(&ss_process->freed_bytes, memory_order_relaxed);
    for (uint32_t i = 0, count = ss_space_own_count(); i < count; i++) {
        size_t dirty = ss_span_dirty_bytes(ss_space_own(i));
        most = dirty > most ? dirty : most;
    }
    return most >= SS_SCAVENGER_START_BYTES;
}

static void scavenge(void) {
    scavenger self = {.slabs_pending = true};
    const uint32_t milliseconds = tick_milliseconds();
    uint32_t running;
    do {
        for (uint32_t quiet = 0; quiet < SS_SCAVENGER_END_TICKS;) {
            ss_os_wait(&ss_process->scavenger_wakes, 0, milliseconds);
            quiet = tick(&self) ? 0 : quiet + 1;
        }
        /* From here on somebody else starts one for what comes to be. What came to be since the tick
         * started none: so look again. */
        atomic_store_explicit(&ss_process->scavenger, SS_SCAVENGER_NONE, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst); /* pairs with the one in ss_scavenger_freed */
        running = SS_SCAVENGER_NONE;
    } while (is_wanted() && atomic_compare_exchange_strong_explicit(
                                &ss_process->scavenger, &running, SS_SCAVENGER_RUNNING,
                                memory_order_relaxed, memory_order_relaxed));
}

static void scavenger_start(void) {
    uint32_t wanted = SS_SCAVENGER_WANTED;
    if (atomic_compare_exchange_strong_explicit(&ss_process->scavenger, &wanted,
                                                SS_SCAVENGER_RUNNING, memory_order_relaxed,
                                                memory_order_relaxed) &&
        !ss_os_thread_start(scavenge, "superslab"))
        atomic_store_explicit(&ss_process->scavenger, SS_SCAVENGER_REFUSED, memory_order_relaxed);
}

SS_COLD void ss_attend_slow(void) {
    /* Acquire: with the bit of the faults come the faults. */
    uint32_t bits = atomic_exchange_explicit(&ss_process->attention, 0, memory_order_acquire);
    if (bits & SS_ATTENTION_SCAVENGER)
        scavenger_start();
    if (bits & SS_ATTENTION_FAULTS)
        ss_report_late();
}

SS_COLD void ss_scavenger_freed(size_t bytes) {
    bytes += atomic_fetch_add_explicit(&ss_process->freed_bytes, bytes, memory_order_relaxed);
    /* A scavenger that is about to end sees what was freed, or is seen to have ended. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_scavenger_want(bytes + atomic_load_explicit(&ss_process->bins_bytes, memory_order_relaxed));
}

void ss_scavenger_init(void) {
    if (ss_process->settings.decay_ms == SS_DECAY_NEVER)
        atomic_store_explicit(&ss_process->scavenger, SS_SCAVENGER_REFUSED, memory_order_relaxed);
}

void ss_scavenger_forget(void) {
    uint32_t state = atomic_load_explicit(&ss_process->scavenger, memory_order_relaxed);
    if (state == SS_SCAVENGER_WANTED || state == SS_SCAVENGER_RUNNING)
        atomic_store_explicit(&ss_process->scavenger, SS_SCAVENGER_NONE, memory_order_relaxed);
    atomic_fetch_and_explicit(&ss_process->attention, ~SS_ATTENTION_SCAVENGER,
                              memory_order_relaxed);
    ss_os_thread_forget();
}
