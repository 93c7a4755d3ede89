#include "base/thread.h"

#include "base/meta.h"
#include "base/process.h"

char ss_thread_in_birth, ss_thread_after_end;

/* ---- where the thread record is ---- */

#ifndef SUPERSLAB_TLS_BLOCK

static ss_thread unborn;
static ss_thread ended = {.assigned = SS_HEAP_AFTER_END};

#ifdef SUPERSLAB_TLS_DYNAMIC

ss_thread *ss_thread_self(void) {
    ss_thread *self = ss_os_thread_exit_value();
    return self != NULL ? self : &unborn;
}

void ss_thread_bare(void) {}

static void record_set(ss_thread *record) {
    /* The key of other records is set at birth (lifecycle.c). That of `ended` stays set, because otherwise a free after
     * the end would give the thread a heap again. */
    if (record == &ended)
        ss_os_thread_exit_arm(record);
}

#else

_Thread_local ss_thread *ss_thread_pointer SS_TLS_MODEL = &unborn;

static void record_set(ss_thread *record) {
    ss_thread_pointer = record;
}

void ss_thread_bare(void) {
    record_set(&unborn);
}

#endif

ss_thread *ss_thread_block_make(ss_thread *self) {
    (void)self;
    ss_thread *record = ss_meta_take(sizeof(ss_thread));
    if (record != NULL)
        record_set(record);
    return record;
}

static void record_drop(ss_thread *self, ss_thread *next) {
    record_set(next);
    ss_meta_give(self, sizeof(ss_thread));
}

void ss_thread_block_unmake(ss_thread *self) {
    self->assigned = NULL;
    record_drop(self, &unborn);
}

void ss_thread_block_end(ss_thread *self) {
    record_drop(self, &ended);
}

#else

_Thread_local ss_thread ss_thread_block SS_TLS_MODEL;

void ss_thread_bare(void) {}

ss_thread *ss_thread_block_make(ss_thread *self) {
    return self;
}

void ss_thread_block_unmake(ss_thread *self) {
    self->assigned = NULL;
}

void ss_thread_block_end(ss_thread *self) {
    ss_thread_leave(self);
}

#endif

/* ---- open and closed ---- */

/* Relaxed (SS_ORDER_OPEN): the parker's barriers order the stores. */
static void bounds_set(ss_thread *thread, size_t headed_end, size_t small_end, size_t tiny_end,
                       size_t counted_end) {
    atomic_store_explicit(&thread->headed_end, headed_end, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->small_end, small_end, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->tiny_end, tiny_end, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->counted_end, counted_end, SS_ORDER_OPEN);
}

void ss_thread_close(ss_thread *thread) {
    atomic_store_explicit(&thread->heap, NULL, memory_order_relaxed);
    bounds_set(thread, 0, 0, 0, 0);
}

/* Bytes of the first headed space whose memory may be read. */
static size_t headed_bytes(void) {
    return atomic_load_explicit(&ss_headed_end, memory_order_relaxed) << SS_GRANULE_SHIFT;
}

void ss_thread_open(ss_thread *thread, struct ss_heap *heap) {
    const bool counts = atomic_load_explicit(&thread->counts, memory_order_relaxed);
    if (ss_is_observed() || counts != ss_is_profiled())
        bounds_set(thread, 0, 0, 0, 0); /* the next call must end in its cold path */
    else if (atomic_load_explicit(&thread->asked, memory_order_relaxed) != 0)
        bounds_set(thread, headed_bytes(), 0, 0, 0);
    else if (counts)
        bounds_set(thread, headed_bytes(), 0, 0, SS_TINY_MAX);
    else
        bounds_set(thread, headed_bytes(), SS_SMALL_MAX, SS_TINY_MAX + 1, 0);
    atomic_store_explicit(&thread->heap, heap, SS_ORDER_OPEN);
}

/* No barrier: a thread that loaded its bounds before serves one more call without being asked. */
void ss_thread_ask(ss_thread *thread, uint16_t calls) {
    atomic_store_explicit(&thread->asked, calls, memory_order_relaxed);
    atomic_store_explicit(&thread->small_end, 0, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->tiny_end, 0, SS_ORDER_OPEN);
    atomic_store_explicit(&thread->counted_end, 0, SS_ORDER_OPEN);
}

void ss_thread_raise_bound(void) {
    ss_thread *self = ss_thread_self();
    struct ss_heap *heap = ss_thread_enter(self);
    size_t end = atomic_load_explicit(&self->headed_end, memory_order_relaxed);
    size_t now = headed_bytes();
    /* CAS, because a parker may close the thread meanwhile and its 0 must not be lost. That parker sees busy = 1 and
     * opens the thread again. */
    if (heap != NULL && end != 0 && end != now)
        atomic_compare_exchange_strong_explicit(&self->headed_end, &end, now, memory_order_relaxed,
                                                memory_order_relaxed);
    ss_thread_leave(self);
}

struct ss_heap *ss_thread_assigned_heap(void) {
    struct ss_heap *assigned = ss_thread_self()->assigned;
    return assigned == SS_HEAP_IN_BIRTH || assigned == SS_HEAP_AFTER_END ? NULL : assigned;
}
