#include "thread.h"

#include "class.h"
#include "heap.h"
#include "heap_checks.h"
#include "meta.h"
#include "observe.h"
#include "report.h"
#include "scavenger.h"

#include <string.h>

/* `own` of a thread that is getting its heap, and of one whose heap was taken at its end: both
 * allocate without one. Addresses to compare with, never followed. */
static char in_birth, after_end;
#define HEAP_IN_BIRTH ((ss_heap *)(void *)&in_birth)
#define HEAP_AFTER_END ((ss_heap *)(void *)&after_end)

/* ---- where the thread's block lives ---- */

#ifndef SUPERSLAB_TLS_BLOCK

static ss_thread unborn;
static ss_thread ended = {.own = (ss_heap *)(void *)&after_end};

#ifdef SUPERSLAB_TLS_DYNAMIC

ss_thread *ss_thread_self(void) {
    ss_thread *self = ss_os_thread_exit_value();
    return self != NULL ? self : &unborn;
}

void ss_thread_bare(void) {}

static void block_set(ss_thread *block) {
    /* The one that ended stays, or what the thread still frees would give birth again. */
    if (block == &ended)
        ss_os_thread_exit_arm(block);
}

#else

_Thread_local ss_thread *ss_thread_pointer SS_TLS_MODEL = &unborn;

static void block_set(ss_thread *block) {
    ss_thread_pointer = block;
}

void ss_thread_bare(void) {
    block_set(&unborn);
}

#endif

static ss_thread *block_make(ss_thread *self) {
    (void)self;
    ss_thread *block = ss_meta_take(sizeof(ss_thread));
    if (block != NULL)
        block_set(block);
    return block;
}

static void block_drop(ss_thread *self, ss_thread *next) {
    block_set(next);
    ss_meta_give(self, sizeof(ss_thread));
}

static void block_unmake(ss_thread *self) {
    self->own = NULL;
    block_drop(self, &unborn);
}

static void block_end(ss_thread *self) {
    block_drop(self, &ended);
}

#else

_Thread_local ss_thread ss_thread_block SS_TLS_MODEL;

void ss_thread_bare(void) {}

static ss_thread *block_make(ss_thread *self) {
    return self;
}

static void block_unmake(ss_thread *self) {
    self->own = NULL;
}

static void block_end(ss_thread *self) {
    ss_thread_leave(self);
}

#endif

/* ---- open and closed ---- */

/* Relaxed: the parker's barriers order them. */
static void bounds_set(ss_thread *thread, size_t headed_end, size_t small_end, size_t tiny_end) {
    atomic_store_explicit(&thread->headed_end, headed_end, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->small_end, small_end, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->tiny_end, tiny_end, SS_ORDER_OPEN);
}

void ss_thread_close(ss_thread *thread) {
    atomic_store_explicit(&thread->heap, NULL, memory_order_relaxed);
    bounds_set(thread, 0, 0, 0);
}

/* Bytes of the first headed space whose memory may be read. */
static size_t headed_bytes(void) {
    return atomic_load_explicit(&ss_headed_end, memory_order_relaxed) << SS_GRANULE_SHIFT;
}

void ss_thread_open(ss_thread *thread, ss_heap *heap) {
    if (ss_is_observed())
        bounds_set(thread, 0, 0, 0); /* each call is to end in its cold path */
    else
        bounds_set(thread, headed_bytes(), SS_SMALL_MAX + 1, SS_TINY_END);
    atomic_store_explicit(&thread->heap, heap, SS_ORDER_OPEN);
}

void ss_thread_look_further(void) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    size_t end = atomic_load_explicit(&self->headed_end, memory_order_relaxed);
    size_t now = headed_bytes();
    /* Not if a parker closes it meanwhile: he finds the thread inside, and opens it with the same. */
    if (heap != NULL && end != 0 && end != now)
        atomic_compare_exchange_strong_explicit(&self->headed_end, &end, now, memory_order_relaxed,
                                                memory_order_relaxed);
    ss_thread_leave(self);
}

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
    /* Whoever has parked this thread opens it before he lets go of the lock. */
    ss_lock_take(&heap->thread_lock);
    heap->thread = NULL;
    ss_lock_release(&heap->thread_lock);
    ss_thread_close(self);
    SS_CHECK(ss_check_closed(self));
    self->own = HEAP_AFTER_END;
    if (ss_is_observed())
        ss_observe_thread_ended(heap);
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
        block_unmake(block);
        return NULL;
    }
    block->own = heap;
    block->headed_base = atomic_load_explicit(&ss_headed_base, memory_order_relaxed);
    memcpy(block->bin_of_step, ss_bin_of_step, sizeof block->bin_of_step);
    ss_heap_attach(heap, block);
    atomic_store_explicit(&heap->cold, atomic_load_explicit(&heap->cold, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    /* Again: what the C library allocated in between left with a 0. Only then may a parker know of
     * this thread. */
    atomic_store_explicit(&block->busy, 1, memory_order_relaxed);
    ss_thread_open(block, heap);
    ss_lock_take(&heap->thread_lock);
    heap->thread = block;
    ss_lock_release(&heap->thread_lock);
    atomic_fetch_add_explicit(&ss_process->thread_count, 1, memory_order_relaxed);
    *self = block;
    return heap;
}

ss_heap *ss_thread_own_heap(void) {
    ss_heap *own = ss_thread_self()->own;
    return own == HEAP_IN_BIRTH || own == HEAP_AFTER_END ? NULL : own;
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
    /* Parked: the parker is at work for microseconds. */
    for (unsigned spins = 0; atomic_load_explicit(&(*self)->heap, SS_ORDER_IS_OPEN) != own; spins++)
        ss_lock_spin(spins);
    /* Only this thread writes it; the scavenger reads whether it moves. */
    atomic_store_explicit(&own->cold, atomic_load_explicit(&own->cold, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return own;
}
