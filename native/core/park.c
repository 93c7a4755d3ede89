#include "park.h"

#include "process.h"
#include "thread.h"

#define BATCH 64u /* threads parked with one barrier */

/* Parks a batch from *next on; how many were tried. Each comes back with its thread_lock held. */
static unsigned park_batch(ss_heap **next, const ss_thread *self, ss_heap *parked[BATCH]) {
    unsigned count = 0;
    ss_heap *heap = *next;
    for (; heap != NULL && count < BATCH; heap = heap->next) {
        if (!ss_lock_try(&heap->thread_lock))
            continue; /* it is ending: it flushes itself */
        if (heap->thread == NULL || heap->thread == self) {
            ss_lock_release(&heap->thread_lock);
            continue;
        }
        atomic_store_explicit(&heap->thread->heap, (ss_heap *)(uintptr_t)&ss_empty_heap,
                              memory_order_relaxed);
        parked[count++] = heap;
    }
    *next = heap;
    return count;
}

bool ss_park_and_flush(ss_faults *faults) {
    const ss_thread *self = ss_thread_self();
    ss_heap *parked[BATCH];
    bool able = true;
    ss_lock_take(&ss_process->park_lock);
    ss_heap *next = atomic_load_explicit(&ss_process->heaps, memory_order_acquire);
    while (next != NULL && able) {
        unsigned count = park_batch(&next, self, parked);
        if (count == 0)
            break;
        able = ss_os_barrier();
        for (unsigned i = 0; i < count; i++) {
            ss_thread *thread = parked[i]->thread;
            /* Acquire: with a 0 comes what the thread did before it left. */
            if (able && atomic_load_explicit(&thread->busy, memory_order_acquire) == 0)
                ss_heap_flush(parked[i], faults);
            /* Release: the thread finds its bins as they are now. */
            atomic_store_explicit(&thread->heap, parked[i], memory_order_release);
            ss_lock_release(&parked[i]->thread_lock);
        }
    }
    ss_lock_release(&ss_process->park_lock);
    return able;
}
