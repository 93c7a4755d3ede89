/* Level 2: the memory of large blocks is shut when they are freed, and opened when they are handed out. */
#include "heap/large_cache.h"
#include "space/gap.h"
#include "space/large.h"

bool ss_shut_open(ss_space *space, uint32_t first, uint32_t count) {
    return ss_gap_open(space, first, count, 0);
}

/* The slot that notes a span while it is shut: one of the cache, or the one behind them if the span is not to stay. */
static uint64_t *slot_find(ss_large_cache *cache, bool stays) {
    uint64_t *slot = cache->span + (stays ? 0 : SS_LARGE_CACHE_SPANS);
    while (*slot != 0 && slot != cache->span + SS_LARGE_CACHE_SPANS)
        slot++;
    return slot;
}

/* Notes the block in a slot and takes it: its entry says "cached" then. NULL if another thread has freed it, or changed its
 * length. */
static uint64_t *take(ss_heap *heap, uint32_t first, uint32_t count, bool *over) {
    const uint32_t large = (uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT;
    const uint32_t cached = (uint32_t)SS_ENTRY_CACHED << SS_ENTRY_KIND_SHIFT;
    const bool wide = ss_large_cache_takes(count) && !ss_large_cache_is_too_early(heap) &&
                      ss_large_cache_widen(heap, count, over);
    uint64_t *slot = slot_find(&heap->large, wide);
    *slot = (uint64_t)first << 32 | count | SS_CACHED_SHUT;
    ss_lock_step();
    /* Relaxed, as in ss_large_cache_put. */
    if (ss_entry_change(ss_space_headless(), first, large + count, cached + count))
        return slot;
    *slot = 0;
    return NULL;
}

bool ss_shut_put(ss_heap *heap, uint32_t first, bool *over) {
    ss_space *space = ss_space_headless();
    ss_large_cache *cache = &heap->large;
    uint64_t *slot;
    uint32_t count;
    do {
        count = ss_entry_near(space, first) - ((uint32_t)SS_ENTRY_LARGE << SS_ENTRY_KIND_SHIFT);
        if (count - 1 >= SS_ENTRY_VALUE) /* no large block, or one that was freed */
            return false;
        slot = take(heap, first, count, over);
    } while (slot == NULL);
    ss_gap_shut(space, first, count);
    if (slot != cache->span + SS_LARGE_CACHE_SPANS) {
        cache->hardened->last = slot;
        cache->granules += count;
    } else {
        *over |= ss_large_end_cached(space, slot, first);
    }
    return true;
}
