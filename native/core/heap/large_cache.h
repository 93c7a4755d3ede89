/* A heap's large cache: spans of large blocks that its thread freed last, for its next requests of the same lengths.
 *
 * Without it each pair takes a space's lock twice, joins the span with its neighbours and cuts it out again. Here a
 * free exchanges the entry of the span's first granule, from "large block" to "cached", and notes the span in the
 * heap; the next malloc of that length sets the entry back. Both are inside the allocator, by the protocol of
 * thread.h: so the cache belongs to whoever has the heap, and a parker gives back what it holds like the bins.
 *
 * A cached span counts as used, not as dirty. What all caches may hold is bounded, comes off what may be dirty in any
 * case (dirty.c), and is granted only where the background thread will take it from a thread that sleeps. A request
 * that would have to touch fresh memory takes back what its own cache holds first.
 *
 * At each instruction of the heap's thread a span whose entry says "cached" is in `span` of some heap. The child of
 * a fork relies on that: entries of `span` whose spans are not "cached" are the only ones it has to drop. */
#ifndef SS_LARGE_CACHE_H
#define SS_LARGE_CACHE_H

#include "heap/heap.h"
#include "slab/block.h"

/* Relaxed: one thread writes, another one compares. */
#if defined(__x86_64__) && !defined(SS_TSAN)
#define SS_COUNT_UP(word) __asm__ volatile("incl %0" : "+m"(word) : : "cc")
#else
#define SS_COUNT_UP(word)                                                                          \
    atomic_store_explicit(&(word), atomic_load_explicit(&(word), memory_order_relaxed) + 1,        \
                          memory_order_relaxed)
#endif

#define SS_CACHED_OLD (UINT64_C(1) << 63) /* it was there when the background thread looked last */

static inline uint32_t ss_cached_first(uint64_t span) {
    return (uint32_t)(span >> 32) & (UINT32_MAX >> 1);
}

/* The span of a block of `size` bytes, more than SS_SMALL_MAX, or NULL. */
static inline void *ss_large_cache_take(size_t size) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    void *block = NULL;
    if (SS_LIKELY(heap != NULL) && heap->large.granules != 0) {
        const size_t count = ((size - 1) >> SS_GRANULE_SHIFT) + 1;
        ss_large_cache *cache = &heap->large;
        uint64_t *slot = cache->span;
        while (SS_UNLIKELY((uint32_t)*slot != count) && slot != cache->span + SS_LARGE_CACHE_SPANS)
            slot++;
        if (SS_LIKELY(slot != cache->span + SS_LARGE_CACHE_SPANS)) {
            ss_space *space = ss_space_headless();
            const uint32_t first = ss_cached_first(*slot);
            ss_entry_set(space, first, SS_ENTRY_LARGE, (uint32_t)count);
            ss_lock_step();
            *slot = 0;
            cache->granules -= (uint32_t)count;
            SS_COUNT_UP(cache->hits);
            block = ss_space_address(space, first);
        }
    }
    ss_thread_leave(self);
    return block;
}

/* Frees the block, a multiple of a granule, if it is a large one of the first headless space and the cache has room for
 * it; false if nothing was done. */
static inline bool ss_large_cache_put(const void *block) {
    ss_space *space = ss_space_headless();
    const size_t first = ((uintptr_t)block - space->base) >> SS_GRANULE_SHIFT;
    uint32_t live = ss_entry_near(space, first);
    const uint32_t count = live - ((uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT);
    bool put = false;
    if (count - 1 >= SS_ENTRY_VALUE) /* no large block, or one that was freed */
        return false;
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    if (SS_LIKELY(heap != NULL) && heap->large.granules + count <= heap->large.room) {
        ss_large_cache *cache = &heap->large;
        uint64_t *slot = cache->span;
        while (SS_UNLIKELY(*slot != 0) && slot != cache->span + SS_LARGE_CACHE_SPANS)
            slot++;
        if (SS_LIKELY(slot != cache->span + SS_LARGE_CACHE_SPANS)) {
            *slot = (uint64_t)first << 32 | count;
            ss_lock_step();
            /* Relaxed: the exchange says which of two threads that free the block at once was the first; what they
             * wrote is handed on with the heap. */
            put = atomic_compare_exchange_strong_explicit(
                &space->entries[first], &live,
                live + ((uint32_t)(SS_ENTRY_CACHED - SS_ENTRY_LARGE) << SS_ENTRY_KIND_SHIFT),
                memory_order_relaxed, memory_order_relaxed);
            if (SS_LIKELY(put))
                cache->granules += count;
            else
                *slot = 0;
        }
    }
    ss_thread_leave(self);
    return put;
}

/* Whether a cache may hold a span of that many granules at all. */
bool ss_large_cache_takes(size_t granules);

/* Counts a free of the heap's thread; true while the thread has freed too few large blocks to have a cache. By the
 * thread, inside or not. */
bool ss_large_cache_is_too_early(ss_heap *heap);

/* Makes room for a span of that many granules, if the cache may have so much and has been of use. *over is set if
 * ss_span_settle is to be called for the first headless space, with the thread outside. */
bool ss_large_cache_widen(ss_heap *heap, size_t granules, bool *over);

/* With the thread outside, before the system is asked for memory: gives back what the thread's own cache holds. False
 * if that was nothing. */
bool ss_large_cache_give_back(void);

/* Whether a request of `size` bytes would have to touch fresh memory while the thread's own cache holds some. */
bool ss_large_cache_is_in_the_way(size_t size);

/* ---- for the thread that has the heap ---- */

/* Gives back all spans, and the room. */
void ss_large_cache_flush(ss_heap *heap);

/* Gives back the spans that have been there since the last call, and the room that is not used. */
void ss_large_cache_age(ss_heap *heap);

/* In a child: drops what its thread or a parker, which are gone, had just taken out or not put in yet. */
void ss_large_cache_inherit(ss_heap *heap);

#endif
