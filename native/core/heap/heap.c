#include "heap/heap.h"

#include "base/base_checks.h"
#include "base/meta.h"
#include "heap/bins.h"
#include "heap/count.h"
#include "heap/large_cache.h"
#include "slab/inherit.h"

/* Heaps whose large caches one call gives back in the child of a fork: without a scavenger the call is the program's. */
#define LEFT_HEAPS 8u

ss_heaps_data ss_heaps_state;

ss_heap *ss_heap_acquire(void) {
    ss_lock_take(&ss_heaps->lock);
    ss_heap *heap = ss_heaps->free;
    if (heap != NULL) {
        heap->holder = ss_os_thread_token();
        ss_heaps->free = heap->next_free;
    }
    ss_lock_release(&ss_heaps->lock);
    if (heap != NULL)
        return heap;
    heap = ss_meta_take(sizeof(ss_heap));
    if (heap == NULL)
        return NULL;
    for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++)
        ss_bin_room_set(heap, bin, SS_BIN_NO_SLOTS, 0);
    ss_lock_take(&ss_heaps->lock);
    heap->id = ++ss_heaps->count;
    heap->holder = ss_os_thread_token();
    heap->next = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
    /* Release: a thread that walks the list sees the heap filled in. A child does too: this store is the last. */
    atomic_store_explicit(&ss_heaps->all, heap, memory_order_release);
    ss_lock_release(&ss_heaps->lock);
    return heap;
}

/* Lists a heap that no thread has any more. With ss_heaps->lock held. */
static void heap_list(ss_heap *heap) {
    heap->holder = 0;
    heap->next_free = ss_heaps->free;
    ss_heaps->free = heap;
}

void ss_heap_attach(ss_heap *heap, ss_thread *thread) {
    for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++)
        atomic_init(&thread->top[bin], SS_BIN_NO_SLOTS);
    for (unsigned bin = 0; bin < SS_BIN_COUNT && heap->inherited; bin++)
        atomic_init(&thread->top[bin], ss_bin_slots(heap, bin) + heap->bin[bin].left);
    ss_lock_take(&heap->top_lock);
    for (unsigned bin = 0; bin < SS_BIN_COUNT && heap->inherited; bin++)
        heap->bin[bin].left = 0;
    heap->inherited = false;
    heap->top = thread->top;
    ss_lock_release(&heap->top_lock);
}

void ss_heap_give_up(ss_heap *heap, ss_faults *faults) {
    if (heap->top != NULL)
        ss_heap_flush(heap, faults);
    else /* it was never attached, and its bins keep what they inherited */
        ss_large_cache_flush(heap);
    ss_lock_take(&heap->top_lock);
    heap->top = NULL;
    ss_lock_release(&heap->top_lock);
    ss_lock_take(&ss_heaps->lock);
    heap_list(heap);
    ss_lock_release(&ss_heaps->lock);
}

void ss_heaps_lost_read(superslab_stats *out) {
    /* Relaxed: a forked child writes them while it has one thread. */
    out->lost_blocks = atomic_load_explicit(&ss_process->heaps.lost_blocks, memory_order_relaxed);
    out->lost_bytes = atomic_load_explicit(&ss_process->heaps.lost_bytes, memory_order_relaxed);
}

/* ---- what a heap holds ---- */

SS_COLD size_t ss_heap_kept_bytes(const ss_heap *heap) {
    size_t kept = 0;
    for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++) {
        const uint32_t count = ss_ring_count(&heap->bin[bin].ring);
        kept += count > 1 ? count - 1 : 0;
    }
    return kept << SS_GRANULE_SHIFT;
}

SS_COLD uintptr_t ss_heap_tops(ss_heap *heap) {
    uintptr_t sum = 0;
    ss_lock_take(&heap->top_lock);
    for (unsigned bin = 0; bin < SS_BIN_COUNT && heap->top != NULL; bin++)
        sum += (uintptr_t)atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    ss_lock_release(&heap->top_lock);
    return sum + atomic_load_explicit(&heap->large.hits, memory_order_relaxed);
}

/* ---- its thread ---- */

void ss_heap_set_thread(ss_heap *heap, ss_thread *thread) {
    ss_lock_take(&heap->thread_lock);
    heap->thread = thread;
    ss_lock_release(&heap->thread_lock);
}

SS_COLD bool ss_heap_park_begin(ss_heap *heap) {
    if (!ss_lock_try(&heap->thread_lock))
        return false;
    if (heap->thread == NULL || heap->thread == ss_thread_self()) {
        ss_lock_release(&heap->thread_lock);
        return false;
    }
    ss_thread_close(heap->thread);
    return true;
}

bool ss_heap_is_parked(const ss_heap *heap) {
    if (!ss_thread_is_outside(heap->thread))
        return false;
    SS_CHECK(ss_check_closed(heap->thread));
    return true;
}

void ss_heaps_guard(void) {
    /* Relaxed: no other thread has a heap. */
    atomic_fetch_or_explicit(&ss_process->heaps.watched, SS_WATCHED_BY_GUARD, memory_order_relaxed);
}

SS_COLD bool ss_heap_ask(ss_heap *heap, uint16_t calls) {
    if (!ss_lock_try(&heap->thread_lock))
        return false;
    /* Relaxed: the thread, which alone changes it without the lock, counts it down. */
    const bool asks = heap->thread != NULL &&
                      atomic_load_explicit(&heap->thread->asked, memory_order_relaxed) == 0;
    if (asks)
        ss_thread_ask(heap->thread, calls);
    ss_lock_release(&heap->thread_lock);
    return asks;
}

SS_COLD void ss_heap_unask(ss_heap *heap, ss_thread *self) {
    if (!ss_lock_try(&heap->thread_lock))
        return;
    if (heap->thread == self) {
        atomic_store_explicit(&self->asked, 0, memory_order_relaxed);
        ss_thread_open(self, heap);
    }
    ss_lock_release(&heap->thread_lock);
}

/* ---- fork ---- */

bool ss_heap_fork_begin(ss_heap *heap) {
    /* No other thread waits for this lock. */
    if (!heap->forks)
        heap->forks = ss_lock_try(&heap->thread_lock);
    return ss_lock_is_mine(&heap->thread_lock);
}

void ss_heap_fork_end(ss_heap *heap) {
    if (!heap->forks)
        return;
    heap->forks = false;
    ss_lock_release(&heap->thread_lock);
}

SS_COLD ss_heap *ss_heap_own(void) {
    const uintptr_t token = ss_os_thread_token();
    ss_heap *heap = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
    while (heap != NULL && heap->holder != token)
        heap = heap->next;
    return heap;
}

/* Forgets a ring. Its slabs are listed after all heaps were looked at: ss_heaps_inherit_slabs. */
static void ring_lost(ss_heap *heap, unsigned bin) {
    ss_ring_forget(&heap->bin[bin].ring);
    heap->bereft = true;
}

/* Empties a bin and counts the blocks that it held at the fork as lost. If the fork caught it in the middle of a
 * change, the number may be a block or a batch off. */
static void bin_lost(ss_heap *heap, unsigned bin) {
    uint64_t blocks = heap->bin[bin].left;
    /* Relaxed: the child has one thread. */
    atomic_fetch_add_explicit(&ss_process->heaps.lost_blocks, blocks, memory_order_relaxed);
    atomic_fetch_add_explicit(&ss_process->heaps.lost_bytes, blocks * ss_bin_stride(bin),
                              memory_order_relaxed);
    heap->bin[bin].left = 0;
    ring_lost(heap, bin);
    heap->used[bin / 64] = 0;
    ss_bin_room_set(heap, bin, SS_BIN_NO_SLOTS, 0);
}

/* Empties all bins. The child loses their blocks, at most what the bins of one thread may hold. */
static void bins_lost(ss_heap *heap) {
    for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++) {
        heap->bin[bin].left = (uint16_t)ss_bin_blocks(heap, bin);
        bin_lost(heap, bin);
    }
    ss_bins_shrunk(heap, heap->bins_bytes);
}

static const ss_heap *heaps_first(void) {
    return atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
}

/* For a heap whose thread is gone. With `list` it is left to the next new thread. */
static SS_COLD void heap_inherit(ss_heap *heap, bool list) {
    const bool attaching = heap->inherited && ss_lock_inherit(&heap->top_lock);
    const bool torn = attaching || heap->flushing;
    ss_lock_inherit(&heap->thread_lock);
    ss_lock_inherit(&heap->top_lock);
    if (heap->thread != NULL && !torn && ss_thread_is_outside(heap->thread)) {
        for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++) {
            heap->bin[bin].left = (uint16_t)ss_bin_blocks(heap, bin);
            ring_lost(heap, bin);
        }
        heap->inherited = true;
    } else if (heap->thread != NULL || heap->top != NULL || torn) {
        bins_lost(heap); /* its thread was inside, being born or about to end */
        heap->inherited = false;
    }
    ss_large_cache_inherit(heap, heaps_first());
    if (heap->large.room != 0)
        /* Relaxed: the heaps are read under ss_heaps->lock, which this thread has, or the child has one thread. */
        atomic_store_explicit(&ss_heaps->left, true, memory_order_relaxed);
    ss_biased_forget(&heap->owner);
    ss_heap_note_flushed(heap); /* there is no thread to park: the scavenger skips it */
    heap->flushing = heap->forks = false;
    heap->top = NULL;
    heap->thread = NULL;
    heap->holder = 0; /* a new thread may come to have the same token */
    if (list)
        heap_list(heap);
}

/* For the heap of the child's own thread. False if the thread is being born or about to end. */
static SS_COLD bool heap_keep(ss_heap *heap) {
    const bool parked = ss_lock_inherit(&heap->thread_lock);
    ss_lock_inherit(&heap->top_lock);
    if (parked && heap->thread != NULL) {
        if (heap->flushing) {
            bins_lost(heap);
            for (unsigned bin = 0; bin < SS_BIN_COUNT; bin++)
                ss_bin_set(heap, bin, SS_BIN_NO_SLOTS, 0, 0);
            ss_large_cache_inherit(heap, heaps_first());
            ss_count_mend(heap, heap->thread);
        }
        ss_thread_open(heap->thread, heap);
    }
    heap->flushing = false;
    return heap->thread != NULL;
}

SS_COLD uint32_t ss_heaps_inherit(ss_heap *own) {
    const bool listed = !ss_lock_is_mine(&ss_heaps->lock);
    uint32_t threads = 0, counting = 0;
    size_t bins_bytes = 0, large_cache_granules = 0;
    ss_lock_inherit(&ss_heaps->lock);
    if (listed)
        ss_heaps->free = NULL;
    for (ss_heap *heap = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed); heap != NULL;
         heap = heap->next) {
        if (heap == own)
            threads += heap_keep(heap);
        else if (ss_lock_is_mine(&heap->thread_lock)) /* this thread is about to flush it: park.c */
            heap->forsaken = true;
        else
            heap_inherit(heap, listed);
        counting += heap->count.on;
        bins_bytes += heap->bins_bytes;
        large_cache_granules += heap->large.room;
    }
    ss_count_inherit(counting);
    /* Added up anew: a thread that is gone may have changed a heap's count, but not the sum yet. */
    atomic_store_explicit(&ss_signals->bins_bytes, bins_bytes, memory_order_relaxed);
    atomic_store_explicit(&ss_signals->large_cache_granules, large_cache_granules,
                          memory_order_relaxed);
    return threads;
}

static bool is_bereft(uint32_t id) {
    const ss_heap *heap = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
    while (heap != NULL && heap->id != id)
        heap = heap->next;
    return heap != NULL && heap->bereft;
}

SS_COLD void ss_heaps_inherit_slabs(void) {
    bool any = false;
    ss_heap *first = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
    for (const ss_heap *heap = first; heap != NULL; heap = heap->next)
        any |= heap->bereft;
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count && any; i++)
        ss_slabs_inherit(ss_space_internal(i), is_bereft);
    for (ss_heap *heap = first; heap != NULL; heap = heap->next)
        heap->bereft = false;
}

SS_COLD bool ss_heaps_flush_left(void) {
    unsigned flushed = 0;
    if (SS_LIKELY(!atomic_load_explicit(&ss_heaps->left, memory_order_relaxed)))
        return false;
    ss_lock_take(&ss_heaps->lock); /* until it is released no thread gets any of these heaps */
    ss_heap *heap = atomic_load_explicit(&ss_heaps->all, memory_order_relaxed);
    for (; heap != NULL && flushed < LEFT_HEAPS; heap = heap->next) {
        if (heap->holder != 0 || heap->large.room == 0)
            continue;
        ss_large_cache_flush(heap);
        flushed++;
    }
    atomic_store_explicit(&ss_heaps->left, heap != NULL, memory_order_relaxed);
    ss_lock_release(&ss_heaps->lock);
    return heap != NULL;
}

/* For a heap that is forsaken: leaves it to the next new thread. */
static SS_COLD void heap_forsake(ss_heap *heap) {
    ss_lock_take(&ss_heaps->lock);
    heap_inherit(heap, true);
    heap->forsaken = false;
    ss_lock_release(&ss_heaps->lock);
}

/* A signal handler may have forked while the thread was parked. In the child the heap's thread is gone. */
SS_COLD void ss_heap_park_end(ss_heap *heap) {
    if (heap->forsaken)
        heap_forsake(heap);
    else
        ss_thread_open(heap->thread, heap);
    ss_lock_release(&heap->thread_lock);
}

SS_COLD void ss_heap_read_inherited(ss_heap *heap, void (*read)(ss_heap *heap, void *context),
                                    void *context) {
    ss_lock_take(&heap->top_lock); /* a thread that gets it waits for this */
    if (heap->top == NULL && heap->inherited)
        read(heap, context);
    ss_lock_release(&heap->top_lock);
}

SS_COLD bool ss_heaps_are_mine(const ss_heap *own) {
    if (own != NULL && ss_biased_is_inside(&own->owner))
        return true;
    for (const ss_heap *heap = heaps_first(); heap != NULL; heap = heap->next)
        if (ss_lock_is_mine(&heap->top_lock))
            return true;
    return false;
}
