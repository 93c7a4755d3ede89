#include "heap/observe.h"

#include "base/sealed.h"

ss_tapes_data ss_tapes_state;

void ss_tapes_begin(void *memory) {
    ss_tapes->all = memory;
}

void ss_tapes_share(_Atomic uint8_t *tags) {
    atomic_store_explicit(&ss_tapes->tags, tags, memory_order_relaxed);
}

bool ss_observe(const ss_observer *observer) {
    if (!ss_sealed_open())
        return false;
    atomic_store_explicit(&ss_sealed_now->observer, observer, memory_order_relaxed);
    ss_sealed_close();
    atomic_fetch_or_explicit(&ss_process->heaps.watched, SS_WATCHED_BY_OBSERVER,
                             memory_order_relaxed);
    return true;
}

static const ss_observer *observer_now(void) {
    /* Relaxed: it was set before the flag, while no other thread had a heap. */
    return atomic_load_explicit(&ss_sealed_now->observer, memory_order_relaxed);
}

static void **heap_word(void) {
    /* `heap` is NULL while another thread has parked this one, and while this thread has no heap. */
    ss_heap *heap = atomic_load_explicit(&ss_thread_self()->heap, memory_order_relaxed);
    if (SS_UNLIKELY(heap == NULL))
        heap = ss_thread_assigned_heap();
    return heap != NULL ? &heap->observed : NULL;
}

void *ss_observe_allocated(ss_call call, void *block, size_t size, size_t alignment) {
    observer_now()->allocated(heap_word(), call, block, size, alignment);
    return block;
}

void ss_observe_freeing(ss_call call, const void *block) {
    observer_now()->freeing(heap_word(), call, block);
}

uint64_t ss_observe_resizing(const void *block) {
    return observer_now()->resizing(heap_word(), block);
}

void *ss_observe_resized(uint64_t ticket, const void *before, void *after, size_t size) {
    observer_now()->resized(heap_word(), ticket, before, after, size);
    return after;
}

void ss_observe_thread_ended(ss_heap *heap) {
    observer_now()->thread_ended(&heap->observed);
}

void ss_observe_tape_open(ss_heap *heap) {
    heap->tape = observer_now()->tape_open(&heap->observed);
}
