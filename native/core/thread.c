#include "thread.h"

#include "heap.h"
#include "meta.h"
#include "report.h"
#include "scavenger.h"

#define EMPTY_HEAP ((ss_heap *)(uintptr_t)&ss_empty_heap)

/* `own` of a thread that is getting its heap, and of one whose heap was taken at its end: both
 * allocate without one. Addresses to compare with, never followed. */
static char in_birth, after_end;
#define HEAP_IN_BIRTH ((ss_heap *)(void *)&in_birth)
#define HEAP_AFTER_END ((ss_heap *)(void *)&after_end)

/* ---- where the thread's block lives ---- */

#ifdef SUPERSLAB_TLS_DYNAMIC

static ss_thread unborn = {.heap = (ss_heap *)&ss_empty_heap};
static ss_thread ended = {.heap = (ss_heap *)&ss_empty_heap, .own = (ss_heap *)(void *)&after_end};

ss_thread *ss_thread_self(void) {
    ss_thread *self = ss_os_thread_exit_value();
    return self != NULL ? self : &unborn;
}

static ss_thread *block_make(ss_thread *self) {
    (void)self;
    ss_thread *block = ss_meta_take(sizeof(ss_thread));
    if (block != NULL)
        atomic_store_explicit(&block->heap, EMPTY_HEAP, memory_order_relaxed);
    return block;
}

static void block_drop(ss_thread *self) {
    ss_meta_give(self, sizeof(ss_thread));
}

static void block_end(ss_thread *self) {
    ss_os_thread_exit_arm(&ended); /* what the thread still frees must not give birth again */
    block_drop(self);
}

#else

_Thread_local ss_thread ss_thread_block SS_TLS_MODEL = {
    .heap = (ss_heap *)&ss_empty_heap,
};

static ss_thread *block_make(ss_thread *self) {
    return self;
}

static void block_drop(ss_thread *self) {
    (void)self;
}

static void block_end(ss_thread *self) {
    ss_thread_leave(self);
}

#endif

/* ---- birth and end ---- */

static void thread_end(void *value) {
    ss_thread *self = value;
    ss_heap *heap = self->own;
    ss_faults faults = {.count = 0};
    if (heap == HEAP_AFTER_END) {
        ss_os_thread_exit_arm(value);
        return;
    }
    ss_thread_enter(self);
    /* Whoever has parked this thread puts its pointer back before it lets go of the lock. */
    ss_lock_take(&heap->thread_lock);
    heap->thread = NULL;
    ss_lock_release(&heap->thread_lock);
    atomic_store_explicit(&self->heap, EMPTY_HEAP, memory_order_relaxed);
    self->own = HEAP_AFTER_END;
    ss_heap_give_up(heap, &faults);
    atomic_fetch_sub_explicit(&ss_process->thread_count, 1, memory_order_relaxed);
    block_end(self);
    ss_report_faults(&faults);
    ss_attend();
}

void ss_thread_init(void) {
    ss_os_thread_exit_init(thread_end);
}

static SS_COLD ss_heap *thread_begin(ss_thread **self) {
    ss_thread *block = block_make(*self);
    if (block == NULL)
        return NULL;
    block->own = HEAP_IN_BIRTH; /* what the C library allocates below must not come here again */
    ss_heap *heap = ss_heap_acquire();
    if (heap == NULL || !ss_os_thread_exit_arm(block)) {
        ss_faults faults = {.count = 0};
        if (heap != NULL)
            ss_heap_give_up(heap, &faults);
        block->own = NULL;
        block_drop(block);
        return NULL;
    }
    block->own = heap;
    atomic_store_explicit(&heap->cold, atomic_load_explicit(&heap->cold, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    /* Again: what the C library allocated in between left with a 0. Only then may a parker know of
     * this thread. */
    atomic_store_explicit(&block->busy, 1, memory_order_relaxed);
    atomic_store_explicit(&block->heap, heap, memory_order_relaxed);
    ss_lock_take(&heap->thread_lock);
    heap->thread = block;
    ss_lock_release(&heap->thread_lock);
    atomic_fetch_add_explicit(&ss_process->thread_count, 1, memory_order_relaxed);
    *self = block;
    return heap;
}

ss_heap *ss_thread_heap(ss_thread **self) {
    /* Not while another thread is at it again after a refusal. */
    if (SS_UNLIKELY(!ss_process_ready()))
        return NULL;
    ss_heap *own = (*self)->own;
    if (SS_UNLIKELY(own == NULL))
        return thread_begin(self);
    if (SS_UNLIKELY(own == HEAP_IN_BIRTH || own == HEAP_AFTER_END))
        return NULL;
    /* Parked: the parker is at work for microseconds. Acquire: what it did to the heap is seen. */
    for (unsigned spins = 0; atomic_load_explicit(&(*self)->heap, memory_order_acquire) != own;
         spins++) {
        if (spins < 64)
            ss_os_pause();
        else
            ss_os_yield();
    }
    /* Only this thread writes it; the scavenger reads whether it moves. */
    atomic_store_explicit(&own->cold, atomic_load_explicit(&own->cold, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return own;
}
