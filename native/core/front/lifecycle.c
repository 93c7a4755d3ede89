/* Birth and end of a thread. */
#include "front/lifecycle.h"

#include "background/attend.h"
#include "base/base_checks.h"
#include "base/class.h"
#include "base/report.h"
#include "guard/due.h"
#include "heap/count.h"
#include "heap/observe.h"

#include <string.h>

static void thread_end(void *value) {
    ss_thread *self = value;
    ss_heap *heap = self->assigned;
    ss_faults faults = {.count = 0};
    if (heap == SS_HEAP_AFTER_END) {
        ss_os_thread_exit_arm(value);
        return;
    }
    ss_thread_enter(self);
    /* A parker opens this thread before it releases the lock. */
    ss_heap_set_thread(heap, NULL);
    ss_thread_close(self);
    atomic_store_explicit(&self->asked, 0, memory_order_relaxed);
    SS_CHECK(ss_check_closed(self));
    self->assigned = SS_HEAP_AFTER_END;
    if (ss_is_observed())
        ss_observe_thread_ended(heap);
    if (ss_is_watched())
        ss_count_end(heap, self);
    ss_heap_give_up(heap, &faults);
    atomic_fetch_sub_explicit(&ss_process->life.thread_count, 1, memory_order_relaxed);
    ss_thread_block_end(self);
    ss_report_faults(&faults);
    ss_attend();
}

void ss_lifecycle_init(void) {
    ss_os_thread_exit_init(thread_end);
}

static SS_COLD ss_heap *thread_begin(ss_thread **self) {
    ss_thread *block = ss_thread_block_make(*self);
    if (block == NULL)
        return NULL;
    block->assigned =
        SS_HEAP_IN_BIRTH; /* allocations of the C library below must not come here again */
    ss_heap *heap = ss_heap_acquire();
    if (heap == NULL || !ss_os_thread_exit_arm(block)) {
        ss_faults faults = {.count = 0};
        if (heap != NULL)
            ss_heap_give_up(heap, &faults);
        ss_thread_block_unmake(block);
        return NULL;
    }
    block->assigned = heap;
    block->headed_base = atomic_load_explicit(&ss_headed_base, memory_order_relaxed);
    for (size_t step = 0; step < SS_TINY_STEPS; step++)
        ss_thread_step_set(block, step, ss_bin_of_size(step * SS_ALIGNMENT));
    block->bin_of_size[0] = SS_BIN_EMPTY;
    ss_heap_attach(heap, block);
    if (ss_is_watched())
        ss_count_begin(heap, block);
    ss_heap_note_cold(heap);
    /* Set again, because an allocation of the C library in between left with a 0. A parker may find this thread only
     * after that. */
    atomic_store_explicit(&block->busy, 1, memory_order_relaxed);
    ss_thread_open(block, heap);
    if (ss_guard_is_on())
        ss_thread_ask(block, ss_guard_calls());
    ss_heap_set_thread(heap, block);
    atomic_fetch_add_explicit(&ss_process->life.thread_count, 1, memory_order_relaxed);
    *self = block;
    return heap;
}

ss_heap *ss_thread_heap(ss_thread **self) {
    /* Acquire: as in ss_process_init, which the caller has called. The system may have refused memory then, and another
     * thread may be trying again. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process->life.init_state, memory_order_acquire) !=
                    SS_INIT_DONE))
        return NULL;
    ss_heap *own = (*self)->assigned;
    if (SS_UNLIKELY(own == NULL))
        return thread_begin(self);
    if (SS_UNLIKELY(own == SS_HEAP_IN_BIRTH || own == SS_HEAP_AFTER_END))
        return NULL;
    /* While the thread is parked, it waits for the parker, which takes microseconds. */
    for (unsigned spins = 0; atomic_load_explicit(&(*self)->heap, SS_ORDER_IS_OPEN) != own; spins++)
        ss_lock_spin(spins);
    ss_heap_note_cold(own);
    return own;
}
