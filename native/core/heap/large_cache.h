/* A heap's large cache: spans of large blocks that its thread freed last, for its next requests of the same lengths.
 *
 * Without it each pair of malloc and free takes a space's lock twice, cuts the span out and joins it with its
 * neighbours again. With it a free notes the span in the heap and changes the entry of the span's first granule from
 * "large block" to "cached"; the next malloc of that length changes the entry back. Both run inside the allocator by
 * the protocol of thread.h. So the cache belongs to the thread that has the heap, and a parker empties it like bins.
 *
 * A cached span counts as used, not as dirty. What all caches may hold is bounded, and is subtracted from what may be
 * dirty in any case (dirty.c). A heap gets room only where the scavenger can empty the cache of a sleeping thread. A
 * request that would touch fresh memory gives back the spans of its thread's cache first.
 *
 * Invariant, at each instruction of the heap's thread: a span whose entry says "cached" is in `span` of some heap. So
 * the child of a fork only has to drop the slots of `span` whose entries do not say "cached". (Hardened builds have one
 * exception, claim.h.) */
#ifndef SS_LARGE_CACHE_H
#define SS_LARGE_CACHE_H

#include "heap/heap.h"
#include "slab/block.h"
#include "slab/seal.h"

/* Relaxed: only the heap's thread writes the word, and the scavenger only compares it. */
#if defined(__x86_64__) && !defined(SS_TSAN)
#define SS_COUNT_UP(word) __asm__ volatile("incl %0" : "+m"(word) : : "cc")
#else
#define SS_COUNT_UP(word)                                                                          \
    atomic_store_explicit(&(word), atomic_load_explicit(&(word), memory_order_relaxed) + 1,        \
                          memory_order_relaxed)
#endif

#define SS_CACHED_OLD (UINT64_C(1) << 63) /* it was there at the scavenger's last visit */

#define SS_CACHED_SHUT (UINT64_C(1) << 62) /* level 2: its memory is inaccessible */

static inline uint32_t ss_cached_first(uint64_t span) {
    return (uint32_t)(span >> 32) & (UINT32_MAX >> (SS_HARDENED >= 2 ? 2 : 1));
}

/* Level 2: opens a span that was shut. False if the system refuses. */
bool ss_shut_open(ss_space *space, uint32_t first, uint32_t count);

/* Takes a span for a block of `size` bytes from the cache; NULL if it has none. `size` is above SS_SMALL_MAX. */
static inline void *ss_large_cache_take(size_t size) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    void *block = NULL;
    if (SS_LIKELY(heap != NULL) && heap->large.granules != 0) {
        const size_t count = ((size - 1) >> SS_GRANULE_SHIFT) + 1;
        ss_large_cache *cache = &heap->large;
        unsigned i = 0;
        while (i < SS_LARGE_CACHE_SPANS &&
               (SS_UNLIKELY((uint32_t)cache->span[i] != count) ||
                (SS_HARDENED && cache->span + i == cache->hardened->last)))
            i++;
        uint64_t *slot = cache->span + i;
        /* A span is opened while it is still a cached one: a second free of its last block must not find a live one that
         * cannot be accessed. */
        if (SS_LIKELY(i < SS_LARGE_CACHE_SPANS) &&
            !(SS_HARDENED >= 2 && SS_UNLIKELY((*slot & SS_CACHED_SHUT) != 0) &&
              !ss_shut_open(ss_space_headless(), ss_cached_first(*slot), (uint32_t)count))) {
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
    if (SS_HARDENED && block != NULL)
        ss_seal_large(block, size, SS_TRAILER_MALLOC);
    return block;
}

/* ---- level 2: shutting ----
 * The memory of a large block goes back and becomes inaccessible when it is freed, and the span waits in the cache. That
 * takes two system calls and page faults, so a thread does it for its first SS_SHUT_FIRST blocks, and then once in
 * SS_SHUT_FREES.
 *
 * A span is shut by the thread that has it: after the exchange of its entry, by which one of several threads that free the
 * block becomes its owner, and before the thread leaves the allocator, so that neither a parker nor a request can take it
 * meanwhile. The slot says "shut" from before the exchange: in the child of a fork the thread may be gone anywhere in
 * between. */
#ifndef SS_SHUT_FIRST /* the explorer sets a number of its own */
#define SS_SHUT_FIRST 4200
#endif
#define SS_SHUT_FREES 64u

static inline bool ss_shut_is_due(ss_heap *heap) {
    return heap->large.hardened->left + SS_SHUT_FIRST > 0;
}

/* Notes the free of a large block, and whether it is shut. */
static inline void ss_shut_note(ss_heap *heap, bool shut) {
    heap->large.hardened->left += (++heap->large.hardened->freed % SS_SHUT_FREES == 0) - shut;
}

/* Frees and shuts a large block of the first headless space. Its span waits in the cache, or is free if the cache has no
 * room. False if no large block starts there. Called by the heap's thread, inside the allocator. Sets *over as
 * ss_large_cache_widen does. */
bool ss_shut_put(ss_heap *heap, uint32_t first, bool *over);

/* Frees the block into the cache if it is a large one of the first headless space and the cache has room. False if
 * nothing was done. `block` is a multiple of SS_GRANULE_BYTES. */
static inline bool ss_large_cache_put(const void *block) {
    ss_space *space = ss_space_headless();
    const size_t first = ss_space_offset(space, (uintptr_t)block) >> SS_GRANULE_SHIFT;
    uint32_t live = ss_entry_near(space, first);
    const uint32_t count = live - ((uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT);
    bool put = false;
    if (count - 1 >= SS_ENTRY_VALUE) /* no large block, or one that was freed */
        return false;
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    if (SS_LIKELY(heap != NULL) && heap->large.granules + count <= heap->large.room &&
        !(SS_HARDENED >= 2 && ss_shut_is_due(heap))) {
        ss_large_cache *cache = &heap->large;
        uint64_t *slot = cache->span;
        while (SS_UNLIKELY(*slot != 0) && slot != cache->span + SS_LARGE_CACHE_SPANS)
            slot++;
        if (SS_LIKELY(slot != cache->span + SS_LARGE_CACHE_SPANS)) {
            *slot = (uint64_t)first << 32 | count;
            if (SS_HARDENED)
                cache->hardened->last = slot;
            ss_lock_step();
            /* Relaxed: of two threads that free the block at once, one exchange succeeds. What the block's users
             * wrote is handed on with the heap. */
            put = ss_entry_change(
                space, first, live,
                live + ((uint32_t)(SS_ENTRY_CACHED - SS_ENTRY_LARGE) << SS_ENTRY_KIND_SHIFT));
            if (SS_HARDENED >= 2)
                ss_shut_note(heap, false);
            if (SS_LIKELY(put))
                cache->granules += count;
            else
                *slot = 0;
        }
    }
    ss_thread_leave(self);
    return put;
}

/* Whether any cache may hold a span of that many granules. */
bool ss_large_cache_takes(size_t granules);

/* Counts a free of a large block; true while the thread has freed too few of them to have a cache. Called by the heap's
 * thread, inside the allocator or outside. */
bool ss_large_cache_is_too_early(ss_heap *heap);

/* Makes room for a span of that many granules: raises the cache's limit if that is allowed, or gives back spans in
 * turn if the cache has been of use. False if there is no room. Sets *over if the caller must call ss_span_settle for
 * the first headless space, with the thread outside. */
bool ss_large_cache_widen(ss_heap *heap, size_t granules, bool *over);

/* Gives back the spans in the calling thread's cache, before the system is asked for memory. False if there were none.
 * With the thread outside. */
bool ss_large_cache_give_back(void);

/* Whether a request of `size` bytes would touch fresh memory while the calling thread's cache holds spans. */
bool ss_large_cache_is_in_the_way(size_t size);

/* ---- for the thread that has the heap ---- */

/* Gives back all spans, and the room. */
void ss_large_cache_flush(ss_heap *heap);

/* Gives back the spans that were there at the last call, or all if free memory goes back at once. If no span was taken
 * since the last call, gives up the room that is not used. */
void ss_large_cache_age(ss_heap *heap);

/* In the child of a fork: drops the slots whose spans a thread that is gone had just taken out or not quite put in, and
 * those that another heap of the list `all` has, too. */
void ss_large_cache_inherit(ss_heap *heap, const ss_heap *all);

#endif
