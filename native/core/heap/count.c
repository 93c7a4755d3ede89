#include "heap/count.h"

#include "heap/large_cache.h"
#include "profile/chance.h"
#include "profile/profile.h"

/* ---- on and off ---- */

static int64_t draw(ss_heap *heap) {
    return ss_chance_draw(&heap->count.random, ss_profile_mean());
}

/* The distance is drawn anew: how far it still is does not depend on how far it was. */
void ss_count_mend(ss_heap *heap, ss_thread *thread) {
    thread->left = heap->count.on ? draw(heap) : 0;
    atomic_store_explicit(&thread->counts, heap->count.on, memory_order_relaxed);
}

static void set(ss_heap *heap, ss_thread *thread, bool on) {
    if (heap->count.on == on)
        return;
    /* Before a block is sampled: the cold paths of other threads look for sampled blocks from now on. */
    if (on) {
        atomic_store_explicit(&ss_process->heaps.counted, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&ss_process->heaps.watched, SS_WATCHED_HEAP,
                                  memory_order_relaxed);
    }
    heap->count.on = on;
    if (on)
        ss_large_cache_flush(heap);
    ss_count_mend(heap, thread);
    if (!on)
        atomic_fetch_sub_explicit(&ss_process->heaps.watched, SS_WATCHED_HEAP,
                                  memory_order_relaxed);
}

SS_COLD void ss_count_set_parked(ss_heap *heap) {
    set(heap, heap->thread, ss_is_profiled());
}

/* Whether its thread counts is read from the thread's record, which the heap's thread_lock keeps. */
SS_COLD bool ss_count_seems_late(ss_heap *heap) {
    bool late = false;
    if (!ss_lock_try(&heap->thread_lock))
        return true;
    if (heap->thread != NULL)
        late =
            atomic_load_explicit(&heap->thread->counts, memory_order_relaxed) != ss_is_profiled();
    ss_lock_release(&heap->thread_lock);
    return late;
}

void ss_count_want(bool on) {
    /* Relaxed: a thread that sees it late counts late. */
    if (on)
        atomic_fetch_or_explicit(&ss_process->heaps.watched, SS_WATCHED_BY_PROFILE,
                                 memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&ss_process->heaps.watched, ~SS_WATCHED_BY_PROFILE,
                                  memory_order_relaxed);
}

SS_COLD uint32_t ss_count_set_label(ss_heap *heap, uint32_t label) {
    const uint32_t before = heap->count.label;
    heap->count.label = label;
    return before;
}

SS_COLD void ss_count_begin(ss_heap *heap, ss_thread *thread) {
    ss_count_mend(heap, thread); /* in a child, the heap may be one that counts */
    set(heap, thread, ss_is_profiled());
}

SS_COLD void ss_count_end(ss_heap *heap, ss_thread *thread) {
    set(heap, thread, false);
}

SS_COLD void ss_count_inherit(uint32_t heaps) {
    atomic_store_explicit(&ss_process->heaps.watched,
                          ss_watched() % SS_WATCHED_HEAP + heaps * SS_WATCHED_HEAP,
                          memory_order_relaxed);
}

SS_COLD void ss_count_settle(ss_heap *heap) {
    if (!ss_lock_try(&heap->thread_lock))
        return;
    if (heap->thread != NULL) {
        set(heap, heap->thread, ss_is_profiled());
        ss_thread_open(heap->thread, heap);
    }
    ss_lock_release(&heap->thread_lock);
}

/* ---- counting ---- */

bool ss_count_is_due(ss_heap *heap, ss_thread *self, size_t bytes) {
    if (SS_LIKELY(self->left >= 0 && (self->left -= (int64_t)bytes) >= 0))
        return false;
    self->left = draw(heap);
    return true;
}
