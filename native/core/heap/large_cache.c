#include "heap/large_cache.h"

#include "base/signal.h"
#include "heap/claim.h"
#include "space/dirty.h"
#include "space/large.h"

/* ---- room ---- */

static void room_add(uint32_t granules) {
    /* Relaxed: a budget. */
    size_t all = atomic_fetch_add_explicit(&ss_signals->large_cache_granules, granules,
                                           memory_order_relaxed) +
                 granules;
    /* Pairs with the fence in `ended` of scavenger.c (Dekker): either a scavenger that is about to end sees this room,
     * or ss_signal_want sees that it has ended. */
    atomic_thread_fence(memory_order_seq_cst);
    /* From this size on the published figures may be off by more than is allowed: the scavenger has to run. */
    if (all >= SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT)
        ss_signal_want(SS_SCAVENGER_START_BYTES);
}

static void room_cut(ss_large_cache *cache, uint32_t granules) {
    atomic_fetch_sub_explicit(&ss_signals->large_cache_granules, cache->room - granules,
                              memory_order_relaxed);
    cache->room = granules;
}

/* Whether heaps may have large caches. The scavenger must be able to empty the cache of a sleeping thread, which takes
 * a barrier. With SUPERSLAB_LIMIT there are none: memory in one thread's cache could make another thread's request
 * fail. */
static bool is_possible(void) {
    const uint32_t scavenger = atomic_load_explicit(&ss_signals->scavenger, memory_order_relaxed);
    return !ss_process_is_limited() && scavenger != SS_SCAVENGER_NEVER &&
           scavenger != SS_SCAVENGER_REFUSED &&
           !atomic_load_explicit(&ss_signals->at_once, memory_order_relaxed) && ss_biased_able();
}

static bool room_find(ss_large_cache *cache, size_t granules) {
    const size_t more = cache->granules + granules - cache->room;
    const size_t floor = SS_LARGE_CACHES_LEAST_BYTES >> SS_GRANULE_SHIFT;
    const size_t share =
        ss_committed_bytes(SS_SPACE_HEADLESS) >> (SS_LARGE_CACHES_SHARE_SHIFT + SS_GRANULE_SHIFT);
    const size_t all =
        atomic_load_explicit(&ss_signals->large_cache_granules, memory_order_relaxed) + more;
    if (cache->room + more > SS_LARGE_CACHE_MAX_BYTES >> SS_GRANULE_SHIFT ||
        (all > floor && all > share) || !is_possible())
        return false;
    cache->room += (uint32_t)more;
    room_add((uint32_t)more);
    return true;
}

/* ---- giving back ---- */

/* Gives back the span of a slot. True if more is dirty now than the bound allows. */
static bool slot_end(ss_large_cache *cache, uint32_t i) {
    const uint64_t span = cache->span[i];
    if (span == 0)
        return false;
    bool over = ss_large_end_cached(ss_space_headless(), &cache->span[i], ss_cached_first(span));
    cache->granules -= (uint32_t)span;
    return over;
}

static bool slots_end(ss_large_cache *cache) {
    bool over = false;
    for (uint32_t i = 0; i < SS_LARGE_CACHE_SPANS; i++) {
        cache->lost += cache->span[i] != 0;
        over |= slot_end(cache, i);
    }
    return over;
}

/* Leaves the purge to the scavenger, or to the next release, because the heap's thread may be waiting. */
static void settle_later(bool over) {
    if (over)
        ss_signal_hurry();
}

void ss_large_cache_flush(ss_heap *heap) {
    ss_large_cache *cache = &heap->large;
    if (cache->room == 0)
        return;
    settle_later(slots_end(cache));
    cache->lost = 0; /* spans lost by a flush say nothing of the cache's use */
    room_cut(cache, 0);
}

void ss_large_cache_age(ss_heap *heap) {
    ss_large_cache *cache = &heap->large;
    const bool at_once = atomic_load_explicit(&ss_signals->at_once, memory_order_relaxed);
    bool over = false;
    if (cache->room == 0)
        return;
    for (uint32_t i = 0; i < SS_LARGE_CACHE_SPANS; i++)
        if (at_once || (cache->span[i] & SS_CACHED_OLD) != 0)
            over |= slot_end(cache, i);
        else if (cache->span[i] != 0)
            cache->span[i] |= SS_CACHED_OLD;
    settle_later(over);
    if (cache->hits_aged == atomic_load_explicit(&cache->hits, memory_order_relaxed))
        room_cut(cache, cache->granules);
    cache->hits_aged = atomic_load_explicit(&cache->hits, memory_order_relaxed);
}

/* ---- making room ---- */

static bool has_slot(const ss_large_cache *cache) {
    for (uint32_t i = 0; i < SS_LARGE_CACHE_SPANS; i++)
        if (cache->span[i] == 0)
            return true;
    return false;
}

/* Judges a cache whenever SS_LARGE_CACHE_LOST spans were lost from it. If fewer than 2 spans were taken for each lost
 * one, the lengths hardly recur, or the blocks come from other threads: the cache costs more than it saves. False if it
 * is given up, for twice as many frees as the last time. */
static bool is_of_use(ss_large_cache *cache, bool *over) {
    if (cache->lost < SS_LARGE_CACHE_LOST)
        return true;
    const uint32_t hits = atomic_load_explicit(&cache->hits, memory_order_relaxed);
    const bool of_use = hits - cache->hits_judged >= 2 * cache->lost;
    cache->hits_judged = hits;
    cache->lost = 0;
    if (of_use) {
        cache->failures = 0;
        return true;
    }
    if (cache->failures < SS_LARGE_CACHE_FAILURES)
        cache->failures++;
    cache->frees = 0;
    *over |= slots_end(cache);
    cache->lost = 0;
    room_cut(cache, 0);
    return false;
}

bool ss_large_cache_is_too_early(ss_heap *heap) {
    ss_large_cache *cache = &heap->large;
    if (cache->frees >= SS_LARGE_CACHE_FREES << cache->failures)
        return false;
    cache->frees++;
    return true;
}

static bool widen(ss_large_cache *cache, size_t granules, bool *over) {
    const bool room = cache->granules + granules <= cache->room || room_find(cache, granules);
    if (room && has_slot(cache))
        return true;
    if (granules > cache->room || !is_of_use(cache, over))
        return false;
    do {
        *over |= slot_end(cache, cache->next++ % SS_LARGE_CACHE_SPANS);
        cache->lost++;
    } while (cache->granules + granules > cache->room || !has_slot(cache));
    return true;
}

bool ss_large_cache_takes(size_t granules) {
    /* While calls are watched no cache gets room: a hit would bypass the paths that tell of it. */
    return granules != 0 && granules <= SS_LARGE_CACHE_MAX_BYTES >> SS_GRANULE_SHIFT &&
           !ss_is_watched();
}

bool ss_large_cache_widen(ss_heap *heap, size_t granules, bool *over) {
    return widen(&heap->large, granules, over);
}

/* ---- out of the way ---- */

SS_COLD bool ss_large_cache_give_back(void) {
    bool any = false, over = false;
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    if (heap != NULL && heap->large.granules != 0) {
        any = true;
        over = slots_end(&heap->large);
        is_of_use(&heap->large, &over);
    }
    ss_thread_leave(self);
    if (over)
        ss_span_settle(ss_space_headless());
    return any;
}

bool ss_large_cache_is_in_the_way(size_t size) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    const bool any = heap != NULL && heap->large.granules != 0;
    ss_thread_leave(self);
    return SS_UNLIKELY(any) && !ss_large_has_dirty(size);
}

/* ---- fork ---- */

/* Whether another heap notes the span, too: its thread was freeing the same block at once, and noted it before one of
 * the two exchanges of the entry was refused. */
static bool is_noted_twice(const ss_heap *all, const ss_heap *heap, uint64_t span) {
    const uint64_t flags = SS_CACHED_OLD | (SS_HARDENED >= 2 ? SS_CACHED_SHUT : 0);
    for (const ss_heap *other = all; other != NULL; other = other->next)
        for (uint32_t i = 0; i < SS_LARGE_CACHE_SPANS && other != heap; i++)
            if (((other->large.span[i] ^ span) & ~flags) == 0)
                return true;
    return false;
}

/* Level 2: the slot behind the last one notes a span that was shut and was not to stay in the cache. If there is no other slot
 * for it, the block is live again, and lost. */
static void passing_settle(ss_large_cache *cache) {
    const uint64_t span = cache->span[SS_LARGE_CACHE_SPANS];
    const uint32_t first = ss_cached_first(span), count = (uint32_t)span;
    uint32_t i = 0;
    cache->span[SS_LARGE_CACHE_SPANS] = 0;
    if (count == 0)
        return;
    while (cache->span[i] != 0 && i < SS_LARGE_CACHE_SPANS)
        i++;
    if (i < SS_LARGE_CACHE_SPANS)
        cache->span[i] = span;
    else if (ss_entry_kind_of(ss_entry_get(ss_space_headless(), first)) == SS_ENTRY_CACHED)
        ss_entry_set(ss_space_headless(), first, SS_ENTRY_LARGE, count);
}

void ss_large_cache_inherit(ss_heap *heap, const ss_heap *all) {
    ss_large_cache *cache = &heap->large;
    cache->granules = 0;
    if (SS_HARDENED)
        ss_claim_inherit(heap);
    if (SS_HARDENED >= 2)
        passing_settle(cache);
    for (uint32_t i = 0; i < SS_LARGE_CACHE_SPANS; i++) {
        const uint64_t span = cache->span[i];
        const uint32_t count = (uint32_t)span;
        const uint32_t cached = (uint32_t)SS_ENTRY_CACHED << SS_ENTRY_KIND_SHIFT | count;
        if (count != 0 && (ss_entry_get(ss_space_headless(), ss_cached_first(span)) != cached ||
                           is_noted_twice(all, heap, span)))
            cache->span[i] = 0;
        else
            cache->granules += count;
        /* The slot that was dropped may have been the one of the thread that shut the span. To open it again is harmless. */
        if (SS_HARDENED >= 2 && cache->span[i] != 0)
            cache->span[i] |= SS_CACHED_SHUT;
    }
    /* The fork may have caught a change of slots and room halfway. */
    if (cache->room < cache->granules)
        cache->room = cache->granules;
}
