#include "process.h"

#include "class.h"
#include "heap.h"
#include "publish.h"
#include "scavenger.h"
#include "sealed.h"
#include "space.h"
#include "thread.h"
#include "window.h"

#include <errno.h>

ss_process_data ss_process_state;
_Atomic uintptr_t ss_headed_base = SS_NO_BASE;
_Atomic size_t ss_headed_end = 1; /* 0 is for threads that are closed */

SS_COLD void *ss_no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

/* ---- fork ----
 * The child has one thread and every lock as it was. All locks are held across the fork, taken in
 * the order of the layers, and nobody is in the middle of a purge. */

static void each_space(void (*visit)(ss_space *space)) {
    for (uint32_t i = 0; i < SS_SPACE_COUNT; i++) {
        ss_space *space = atomic_load_explicit(&ss_process->spaces[i], memory_order_acquire);
        if (space != NULL)
            visit(space);
    }
}

static void space_hold(ss_space *space) {
    for (;;) {
        ss_biased_take(&space->lock);
        if (space->purging == 0 && !space->shrinking)
            return;
        ss_biased_release(&space->lock);
        ss_os_yield();
    }
}

static void space_inherit(ss_space *space) {
    ss_biased_inherit(&space->lock);
}

static void space_let_go(ss_space *space) {
    ss_biased_release(&space->lock);
}

/* A child that finds somebody in the middle of initialising would wait for him for ever: either it is
 * done before the fork or it does not begin. Whoever initialises holds no lock that comes before. */
static void init_hold(void) {
    uint32_t state = SS_INIT_NONE;
    /* Acquire: what init wrote is seen, by the child as well. */
    while (!atomic_compare_exchange_weak_explicit(&ss_process->init_state, &state,
                                                  SS_INIT_UNDER_WAY, memory_order_acquire,
                                                  memory_order_acquire) &&
           state != SS_INIT_DONE) {
        state = SS_INIT_NONE;
        ss_os_yield();
    }
    ss_process->init_held = state == SS_INIT_NONE;
}

static void init_let_go(void) {
    if (ss_process->init_held)
        atomic_store_explicit(&ss_process->init_state, SS_INIT_NONE, memory_order_release);
    ss_process->init_held = false;
}

static void fork_prepare(void) {
    /* Relaxed: who holds park_lock for long looks now and then, and lets go soon. */
    atomic_fetch_add_explicit(&ss_process->forking, 1, memory_order_relaxed);
    /* In this order: who purges slabs with park_lock held may publish, which looks at the windows. */
    ss_lock_take(&ss_process->park_lock);
    ss_lock_take(&ss_process->windows_lock);
    init_hold();
    ss_lock_take(&ss_process->heaps_lock);
    ss_lock_take(&ss_process->spaces_lock);
    ss_lock_take(&ss_process->meta_lock);
    each_space(space_hold);
}

static void fork_parent(void) {
    each_space(space_let_go);
    ss_lock_release(&ss_process->meta_lock);
    ss_lock_release(&ss_process->spaces_lock);
    ss_lock_release(&ss_process->heaps_lock);
    init_let_go();
    ss_lock_release(&ss_process->park_lock);
    ss_lock_release(&ss_process->windows_lock);
    atomic_fetch_sub_explicit(&ss_process->forking, 1, memory_order_relaxed);
}

/* The other threads are gone. A heap whose thread was outside the allocator goes to the next new thread as
 * it is; one whose thread was in the middle of something is emptied, and what it held is lost to the
 * child, at most what a thread's bins may hold each. */
static void fork_child(void) {
    const ss_thread *self = ss_thread_self();
    uint32_t threads = 0;
    size_t bins_bytes = 0;
    for (ss_heap *heap = atomic_load_explicit(&ss_process->heaps, memory_order_relaxed);
         heap != NULL; heap = heap->next) {
        ss_lock_release(&heap->thread_lock); /* whoever held it is gone, or was not this thread */
        ss_lock_release(&heap->top_lock);
        if (heap->thread == self)
            threads++;
        else if (heap->thread != NULL)
            ss_heap_inherit(heap,
                            atomic_load_explicit(&heap->thread->busy, memory_order_acquire) == 0);
        else if (heap->top != NULL) /* the thread was being born or about to end */
            ss_heap_inherit(heap, false);
        bins_bytes += heap->bins_bytes;
    }
    /* Added up anew: a thread may have been between the two counts. */
    atomic_store_explicit(&ss_process->bins_bytes, bins_bytes, memory_order_relaxed);
    atomic_store_explicit(&ss_process->thread_count, threads, memory_order_relaxed);
    for (unsigned phase = 0; phase < 2; phase++)
        atomic_store_explicit(&ss_process->external_readers[phase], 0, memory_order_relaxed);
    ss_windows_forget_visitors();
    ss_sealed_inherit();
    ss_scavenger_forget();
    each_space(space_inherit);
    fork_parent();
    atomic_store_explicit(&ss_process->forking, 0, memory_order_relaxed);
    ss_publish_child();
}

static void fork_handle(void) {
    /* Relaxed: what matters is that one alone goes on. The C library may allocate in there. */
    if (!atomic_exchange_explicit(&ss_process->fork_handled, true, memory_order_relaxed))
        ss_os_fork_init(fork_prepare, fork_parent, fork_child);
}

/* Before there are threads, so that no fork comes between another thread's first call and this. */
__attribute__((constructor)) static void fork_handle_early(void) {
    fork_handle();
}

/* ---- initialisation ---- */

SS_COLD void ss_process_init_slow(void) {
    fork_handle(); /* a constructor that runs before ours may allocate */
    uint32_t state = SS_INIT_NONE;
    /* Acquire: what a refused try has done is seen, and by who waits, all that init wrote. */
    if (!atomic_compare_exchange_strong_explicit(&ss_process->init_state, &state, SS_INIT_UNDER_WAY,
                                                 memory_order_acquire, memory_order_relaxed)) {
        while (atomic_load_explicit(&ss_process->init_state, memory_order_acquire) ==
               SS_INIT_UNDER_WAY)
            ss_os_yield();
        return;
    }
    ss_settings_read(&ss_process->settings);
    if (ss_process->settings.huge_pages)
        ss_os_allow_huge_pages();
    ss_scavenger_init();
    ss_class_init(ss_process->classes);
    /* A refusal is not final: the state goes back and the next request tries again. */
    bool done = ss_space_init();
    if (done)
        ss_thread_init();
    atomic_store_explicit(&ss_process->init_state, done ? SS_INIT_DONE : SS_INIT_NONE,
                          memory_order_release);
    if (done)
        ss_publish();
}
