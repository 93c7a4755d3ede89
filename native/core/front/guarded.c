#include "front/guarded.h"

#include "background/attend.h"
#include "background/guarding.h"
#include "front/counted.h"
#include "guard/due.h"
#include "guard/fault.h"
#include "heap/count.h"

/* What is known of the calling thread's stack; `none` for a thread without a heap. */
static ss_stack *stack_of(ss_stack *none) {
    ss_heap *heap = ss_thread_assigned_heap();
    return heap != NULL ? ss_count_stack(heap) : none;
}

/* ---- taking ---- */

static void unask(ss_thread *self) {
    ss_heap *heap = ss_thread_assigned_heap();
    if (heap != NULL)
        ss_heap_unask(heap, self);
}

/* Whether this call is the one that the thread was asked for. */
static bool is_chosen(ss_thread *self) {
    const uint16_t asked = atomic_load_explicit(&self->asked, memory_order_relaxed);
    if (!ss_guard_is_due()) {
        unask(self);
        return false;
    }
    if (asked > 1) {
        /* No other thread changes it while it is not 0. */
        atomic_store_explicit(&self->asked, (uint16_t)(asked - 1), memory_order_relaxed);
        return false;
    }
    unask(self);
    return ss_guard_claim(ss_os_clock_nanoseconds());
}

static SS_COLD void *take(size_t size, size_t alignment) {
    ss_stack none = {0, 0};
    ss_guard_watch_faults();
    void *block = ss_place_take(size, alignment, stack_of(&none));
    if (block != NULL)
        ss_guard_count();
    ss_guarding_taken();
    ss_attend();
    return block;
}

/* Where there is no scavenger: the thread asks itself. Its next calls come here with the size that the program asked for. */
static void ask_by_call(void) {
    ss_heap *heap = ss_thread_assigned_heap();
    if (ss_guarding_by_call() && heap != NULL)
        ss_heap_ask(heap, ss_guard_calls());
}

void *ss_guarded_malloc(size_t size, size_t alignment) {
    ss_thread *self = ss_thread_self();
    /* Relaxed: the thread itself writes both words, but for the first `asked`. */
    if (atomic_load_explicit(&self->asked, memory_order_relaxed) == 0) {
        ask_by_call();
        return NULL;
    }
    /* Inside the allocator: the hot path found its bin empty, and told the largest size of the step alone. */
    if (atomic_load_explicit(&self->busy, memory_order_relaxed) != 0)
        return NULL;
    return ss_place_fits(size, alignment) && is_chosen(self) ? take(size, alignment) : NULL;
}

/* ---- giving ---- */

SS_COLD void ss_guarded_free(void *block) {
    ss_stack none = {0, 0}, *stack = stack_of(&none);
    uintptr_t damage = 0;
    if (ss_is_watched())
        ss_counted_free(block);
    const superslab_error error = ss_place_give((uintptr_t)block, stack, &damage);
    if (error != SUPERSLAB_OK)
        ss_guard_report(error, damage != 0 ? damage : (uintptr_t)block, damage != 0, stack);
}
