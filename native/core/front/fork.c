/* Fork.
 *
 * Across the fork the forking thread holds no lock that another thread waits for, and these handlers wait for no
 * other thread. There are three reasons:
 *
 *   - after the handlers here it waits for the C library's stdio locks, and threads that hold those allocate;
 *   - it may be in a signal handler that interrupted the allocator, so it may hold the allocator's locks itself;
 *   - handlers of fork that other code registered allocate, before or after these.
 *
 * So the child finds all state as the other threads left it, possibly in the middle of a change, and mends it.
 *
 * The child sees another thread's stores in the order of that thread's instructions, up to one of them. The kernel
 * copies page by page, but a store that meets a copied page waits until the whole fork is done, and the processors' old
 * translations are gone before that. So
 *
 *   - what a lock guards is whole if the lock is free. If a thread that is gone held it, the child makes the data anew:
 *     the free runs of a space from its registry, which under the lock always agrees with them (ss_span_hold); a new
 *     chunk of metadata; the list of heaps without a thread. Lists that are linked by one store (ss_lock_step) are
 *     whole at any time: windows, pins, records, metadata, heaps;
 *   - what a lock guards that the child's own thread holds is left alone. The interrupted operation continues when the
 *     signal handler returns;
 *   - slabs' states and lists need no lock and are whole at any time;
 *   - the heap of a thread that was outside the allocator is whole, unless a parker was flushing it.
 *
 * A copy that runs no handler of fork (made by clone without CLONE_VM, or by _Fork) mends its state when it waits for a
 * lock, or before it would start the scavenger or publish its statistics. */
#include "front/fork.h"

#include "background/guarding.h"
#include "background/park.h"
#include "background/pressure.h"
#include "background/publish.h"
#include "background/scavenger.h"
#include "background/source.h"
#include "base/copy.h"
#include "base/meta.h"
#include "base/report.h"
#include "base/sealed.h"
#include "base/thread.h"
#include "guard/due.h"
#include "guard/fault.h"
#include "heap/heap.h"
#include "profile/profile.h"
#include "slab/inherit.h"
#include "space/span.h"

static ss_lock fork_lock;         /* tried by a thread that registers the handlers */
static _Atomic bool fork_handled; /* they are registered */

/* ---- the child ---- */

static void spaces_inherit(const ss_heap *own) {
    /* A thread that is gone and held park_lock may have adopted all slabs of a list, for a purge. */
    const bool parked = ss_park_lock_inherit();
    for (uint32_t i = 0; i < SS_SPACE_COUNT; i++) {
        ss_space *space = ss_space_seen(i);
        if (space == NULL)
            continue;
        ss_span_inherit(space, ss_heap_lock_owner(own), ss_slab_granules_at);
        if (parked)
            ss_slabs_inherit_parked(space);
    }
    ss_registry_inherit();
    ss_park_inherit();
}

static void inherit(bool handled) {
    atomic_store_explicit(&ss_process->life.unhandled_copy, !handled, memory_order_relaxed);
    atomic_store_explicit(&ss_process->life.process_id, ss_os_process_id(), memory_order_relaxed);
    if (atomic_load_explicit(&ss_process->life.init_state, memory_order_relaxed) == SS_INIT_DONE ||
        ss_os_is_copy(false))
        ss_os_copy_mark(true);
    ss_park_keeping(handled ? SS_KEEPING_BY_COUNT : SS_KEEPING_NEVER);
    ss_lock_inherit(&ss_process->life.init_lock);
    ss_lock_inherit(&fork_lock);
    ss_meta_inherit();
    ss_registry_lock_inherit();
    ss_report_inherit();
    ss_sealed_inherit();
    ss_heap *own = ss_heap_own();
    spaces_inherit(own); /* before ss_heaps_inherit: reads `inside` of the other heaps */
    atomic_store_explicit(&ss_process->life.thread_count, ss_heaps_inherit(own),
                          memory_order_relaxed);
    ss_heaps_inherit_slabs();
    ss_profile_inherit();
    ss_guard_inherit();
    ss_guard_fault_inherit();
    ss_source_inherit();
    ss_scavenger_forget();
    ss_publish_inherit();
    ss_pressure_inherit();
}

static void copy_mend(void) {
    inherit(false);
}

/* ---- the handlers ---- */

/* A parker holds thread_lock for microseconds. The number of tries is bounded, because the parker may wait for a lock
 * that this thread holds. */
enum { PARKED_SPINS = 256 };

static void fork_prepare(void) {
    ss_heap *heap = ss_thread_assigned_heap();
    if (heap == NULL)
        return;
    for (unsigned spins = 0; spins < PARKED_SPINS && !ss_heap_fork_begin(heap); spins++)
        if (spins < PARKED_SPINS / 2)
            ss_os_pause();
        else
            ss_os_yield();
}

static void fork_parent(void) {
    ss_heap *heap = ss_thread_assigned_heap();
    if (heap != NULL)
        ss_heap_fork_end(heap);
}

/* Whether this thread holds a lock that the statistics take: a signal handler may have interrupted it and forked. */
static bool holds_locks(const ss_heap *own) {
    return ss_heaps_are_mine(own) || ss_source_is_mine() || ss_meta_is_mine() ||
           ss_spaces_are_mine();
}

static void fork_child(void) {
    /* An earlier handler that waited for a lock has mended the child already. The mark alone does not tell: an earlier
     * handler may have mapped something in its place. */
    if (ss_os_process_id() !=
            atomic_load_explicit(&ss_process->life.process_id, memory_order_relaxed) ||
        ss_os_is_copy(true))
        inherit(true);
    atomic_store_explicit(&ss_process->life.unhandled_copy, false, memory_order_relaxed);
    fork_parent();
    ss_guarding_leave();             /* there is no scavenger that would ask */
    if (!holds_locks(ss_heap_own())) /* else the next cold path does: the page is due */
        ss_publish_child();
}

/* A constructor that runs before this library's may allocate and copy the process. */
static void mender_ensure(void) {
    if (atomic_load_explicit(&ss_sealed_now->mend_copy, memory_order_relaxed) != NULL ||
        !ss_sealed_try_open())
        return;
    ss_fork_set_mender();
    ss_sealed_close();
}

void ss_fork_handle(void) {
    mender_ensure();
    /* Relaxed: handlers that are registered twice do no harm. The lock is only tried, because the C library may
     * allocate while it registers them and come here again. */
    if (atomic_load_explicit(&fork_handled, memory_order_relaxed) || !ss_lock_try(&fork_lock))
        return;
    ss_os_fork_init(fork_prepare, fork_parent, fork_child);
    atomic_store_explicit(&fork_handled, true, memory_order_relaxed);
    ss_lock_release(&fork_lock);
}

void ss_fork_set_mender(void) {
    /* Relaxed: no copy that needs it exists yet. */
    atomic_store_explicit(&ss_sealed_now->mend_copy, copy_mend, memory_order_relaxed);
}

void ss_fork_begin(void) {
    atomic_store_explicit(&ss_process->life.process_id, ss_os_process_id(), memory_order_relaxed);
    ss_fork_handle();
}
