/* The hot path that frees, and what it calls:
 *
 *   superslab_free           bin by the address, header, push           hot.h
 *     ss_free_refused        double free, inside a block, corrupted; or bin full:
 *       ss_heap_overflow     more room, or the older half goes back     bins.c
 *         ss_slab_give       grouped by slab and word of its bitmap     give.c
 *     ss_free_cold           headless, large, another space, thread closed
 */
#include "background/attend.h"
#include "base/report.h"
#include "front/counted.h"
#include "front/guarded.h"
#include "front/hot.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/bins.h"
#include "heap/large_cache.h"
#include "heap/share.h"
#include "slab/give.h"
#include "slab/neighbour.h"
#include "space/dirty.h"
#include "space/empty.h"
#include "space/large.h"

SUPERSLAB_EXPORT void superslab_free(void *block) {
    ss_free_hot(block, ss_free_cold);
}

/* The bin is full, or the thread has no heap. Called with the thread inside, and leaves it. */
static SS_COLD void overflow(void *block, unsigned bin) {
    ss_faults faults = {.count = 0};
    ss_thread *self = ss_thread_self();
    if (SS_UNLIKELY(bin == SS_HEADER_SAMPLED)) { /* a sampled aligned block: SAMPLED is no bin */
        ss_thread_leave(self);
        bin = ss_counted_free_aligned(block);
        ss_thread_enter(self);
    }
    ss_heap *heap = ss_thread_heap(&self);
    if (heap != NULL) {
        ss_heap_overflow(heap, bin, block, &faults);
    } else {
        ss_giver giver = {.wanted = SS_BIN_COUNT};
        ss_slab_give(&block, 1, bin, &giver, &faults);
    }
    ss_thread_leave(self);
    ss_report_faults(&faults);
    ss_attend();
}

/* The block is known to be one of `bin`, and no longer live. */
void ss_free_push(void *block, unsigned bin) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    if (SS_UNLIKELY(heap == NULL || !ss_bin_push(self->top, bin, block))) {
        overflow(block, bin);
        return;
    }
    ss_thread_leave(self);
}

/* Marks a live block of `bin` as freed. False if its trailer is broken: then reports it. Called with the thread outside. */
static bool end(void *block, unsigned bin) {
    if (!SS_HARDENED) {
        ss_header_set(block, SS_HEADER_FREED);
        return true;
    }
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const uint64_t word = ss_trailer_word(block);
    if (ss_trailer_is_whole_by(block, usable, SS_TRAILER_ANY, SS_SIZE_ANY, word)) {
        if (SS_NEIGHBOURS)
            ss_report_beside(block, bin);
        ss_block_end(block, usable, word);
        return true;
    }
    ss_free_broken(block, SS_TRAILER_ANY, SS_SIZE_ANY);
    return false;
}

static SS_COLD void free_overflow(void *block, unsigned bin) {
    if (!end(block, bin))
        return;
    SS_ROUTE(FREE_FLUSH, 1);
    ss_free_push(block, bin);
}

/* ---- found through the registry ---- */

static SS_COLD void report_block(const ss_block *found, const void *pointer) {
    superslab_error error = ss_block_error(found, pointer);
    if (error != SUPERSLAB_OK) /* else another thread has been given the block since */
        ss_block_report(error, pointer);
}

static SS_COLD void free_dead_header(void *block) {
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    report_block(&found, block);
}

/* The header is not the number of the slab's bin. Called with the thread outside. */
static SS_COLD void free_other_header(void *block, unsigned bin) {
    const unsigned header = ss_header_get(block);
    if (bin == 0 || !ss_header_is_live(header, bin))
        free_dead_header(block);
    else if (header != SS_HEADER_SAMPLED || ss_counted_free_headed(block))
        free_overflow(block, bin);
    else
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block);
}

SS_COLD void ss_free_refused(void *block) {
    unsigned bin = (unsigned)ss_headed_bin(block);
    if (SS_HARDENED) /* it may have to be reported */
        ss_thread_leave(ss_thread_self());
    if (bin != 0 && ss_header_get(block) == bin) {
        free_overflow(block, bin);
        return;
    }
    ss_thread_leave(ss_thread_self());
    free_other_header(block, bin);
}

/* False if no live block of a slab starts there: then nothing has changed. */
static bool free_headless(ss_space *space, void *block) {
    _Atomic uint8_t *live = ss_live_at(space, (uintptr_t)block);
    uint8_t bin = live == NULL ? 0 : atomic_exchange_explicit(live, 0, memory_order_relaxed);
    if (bin == 0)
        return false;
    SS_ROUTE(FREE_HEADLESS, 1);
    ss_free_push(block, bin);
    return true;
}

SS_COLD void ss_free_lost(void *block) {
    ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block);
}

/* Makes room for a span in the thread's large cache. Called with the thread outside. */
static SS_COLD bool large_cache_widen(size_t granules) {
    bool wide = false, over = false;
    ss_thread *self = ss_thread_self();
    ss_heap *heap = atomic_load_explicit(&self->heap, SS_ORDER_IS_OPEN);
    if (!ss_large_cache_takes(granules) ||
        (SS_LIKELY(heap != NULL) && ss_large_cache_is_too_early(heap)))
        return false;
    const bool counted = heap != NULL;
    ss_thread_enter(self);
    heap = ss_thread_heap(&self);
    if (heap != NULL && (counted || !ss_large_cache_is_too_early(heap)))
        wide = ss_large_cache_widen(heap, granules, &over);
    ss_thread_leave(self);
    if (over)
        ss_span_settle(ss_space_headless());
    return wide;
}

/* Level 2: frees and shuts a large block if one is to be shut now; then *freed says whether it was live. */
static bool large_shut(ss_space *space, uint32_t granule, bool *freed) {
    bool over = false;
    ss_thread *self = ss_thread_self();
    if (space != ss_space_headless() || ss_large_bytes(space, granule) == 0)
        return false;
    if (ss_is_watched())
        ss_counted_free(ss_space_address(space, granule));
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    const bool due = heap != NULL && ss_shut_is_due(heap);
    if (heap != NULL)
        ss_shut_note(heap, due);
    if (due)
        *freed = ss_shut_put(heap, granule, &over);
    ss_thread_leave(self);
    if (over)
        ss_span_settle(space);
    return due;
}

static bool large_give(ss_space *space, void *block) {
    const uint32_t granule = ss_space_granule(space, (uintptr_t)block);
    bool freed = false;
    if (SS_HARDENED >= 2 && large_shut(space, granule, &freed))
        return freed;
    if (space == ss_space_headless() &&
        large_cache_widen(ss_large_bytes(space, granule) >> SS_GRANULE_SHIFT) &&
        ss_large_cache_put(block))
        return true;
    if (ss_is_watched())
        ss_counted_free(block); /* before another thread can get the span */
    return ss_large_give(space, granule);
}

/* False if no large block starts there. */
static bool free_large(ss_space *space, void *block) {
    if ((uintptr_t)block % SS_GRANULE_BYTES != 0 || !ss_space_contains(space, (uintptr_t)block) ||
        !large_give(space, block))
        return false;
    SS_ROUTE(FREE_LARGE, 1);
    ss_attend();
    return true;
}

static SS_COLD void free_empty(void *block) {
    ss_block found;
    if (ss_empty_give(block))
        return;
    ss_block_find((uintptr_t)block, &found);
    report_block(&found, block);
}

static bool is_live_large(const ss_block *found, const void *block) {
    return found->state == SS_BLOCK_LIVE && found->slab == NULL && found->space != NULL &&
           ss_space_is_headless(found->space) && found->start == (uintptr_t)block;
}

static SS_COLD void free_found(void *block) {
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    /* A realloc had claimed the large block, and its claim has ended since. It may be claimed again meanwhile. */
    while (SS_HARDENED && is_live_large(&found, block)) {
        if (free_large(found.space, block))
            return;
        ss_block_find((uintptr_t)block, &found);
    }
    if (found.space == NULL) {
        SS_ROUTE(FREE_FOREIGN, 1);
        ss_count_foreign_free();
    }
    if (found.state != SS_BLOCK_LIVE || found.start != (uintptr_t)block || found.slab == NULL ||
        ss_space_is_external(found.space)) {
        report_block(&found, block);
    } else if (ss_space_is_headless(found.space)) { /* in a later space */
        if (!free_headless(found.space, block))
            ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block); /* another thread has just freed it */
    } else {                                               /* in a later headed space */
        if (ss_header_get(block) == SS_HEADER_SAMPLED)
            ss_counted_free(block);
        if (!end(block, found.bin))
            return;
        SS_ROUTE(FREE_HIT, 1);
        ss_free_push(block, found.bin);
    }
}

/* The block is not in the first headless space, or is not live there. */
static SS_COLD void free_elsewhere(void *block) {
    ss_process_init();
    if (ss_empty_has((uintptr_t)block)) {
        free_empty(block);
        return;
    }
    ss_space *space = ss_space_find((uintptr_t)block);
    if (space == NULL && ss_places_contain((uintptr_t)block)) {
        ss_guarded_free(block);
        return;
    }
    if (space != NULL && ss_space_is_headless(space) && free_large(space, block))
        return;
    unsigned bin = (unsigned)ss_headed_bin(block);
    if (bin == 0) {
        free_found(block);
        return;
    }
    /* A closed thread comes here with any block. */
    if (ss_header_get(block) == bin)
        free_overflow(block, bin);
    else
        free_other_header(block, bin);
    ss_thread_raise_bound();
}

void ss_free_elsewhere(void *block) {
    if (!free_large(ss_space_headless(), block))
        free_elsewhere(block);
}

void ss_free_quiet(void *block) {
    if (block != NULL && !ss_free_aligned_hot(block))
        ss_free_elsewhere(block);
}

/* ---- observed ---- */

void ss_free_counted(void *block, ss_call call, ss_rest_of_free *rest) {
    ss_counted_settle();
    rest(block, call);
}

static SS_NOINLINE void free_rest(void *block, ss_call call) {
    (void)call;
    ss_free_elsewhere(block);
}

/* Frees a block that is neither small nor aligned, or any block of a closed thread. */
static SS_NOINLINE void free_further(void *block, ss_call call) {
    if (ss_is_watched())
        ss_free_watched(block, call, free_rest);
    else
        ss_free_elsewhere(block);
}

/* Frees what is not a block of a slab. Out of line: its register use would slow the free of aligned blocks. */
static SS_NOINLINE void free_span(void *block) {
    if ((uintptr_t)block % SS_GRANULE_BYTES == 0 && SS_LIKELY(ss_large_cache_put(block)))
        SS_ROUTE(FREE_LARGE, 1);
    else
        free_further(block, SS_CALL_FREE);
}

void ss_free_cold(void *block) {
    if (!ss_free_aligned_hot(block))
        free_span(block);
}

static SS_NOINLINE void free_sized_cold(void *block) {
    if (block != NULL && !ss_free_aligned_hot(block))
        free_further(block, SS_CALL_FREE_SIZED);
}

static SS_NOINLINE void free_aligned_sized_cold(void *block) {
    if (block != NULL && !ss_free_aligned_hot(block))
        free_further(block, SS_CALL_FREE_ALIGNED_SIZED);
}

/* ---- sized ---- */

/* Whether a live block can have been requested with this size. A realloc may leave a block in place for a size down to
 * half of what it holds; for a smaller size the block would be of another class or length. */
static bool size_matches(const ss_block *found, size_t alignment, size_t size) {
    if (size > found->usable || (found->start & (alignment - 1)) != 0)
        return false;
    if (found->guarded || (SS_HARDENED && !ss_heap_has_lent()))
        return size == found->usable;
    if (size >= found->usable / 2 || ss_heap_has_lent())
        return true;
    if (found->slab == NULL)
        return alignment > SS_HEADLESS_MAX && found->usable == SS_GRANULE_BYTES;
    if (ss_space_is_headed(found->space))
        return ss_share_serves(found->bin, ss_exact_bin(size));
    return found->bin == ss_aligned_bin(alignment, size != 0 ? size : 1);
}

static void free_checked(void *block, size_t alignment, size_t size, ss_cold_free *cold) {
    ss_block found;
    if (block == NULL)
        return;
    ss_block_find((uintptr_t)block, &found);
    if (SS_HARDENED && (found.start & (alignment - 1)) == 0) { /* free compares the size */
        ss_free_hot_as(block, cold, SS_TRAILER_MALLOC, ss_size_given(size));
        return;
    }
    if (found.state == SS_BLOCK_LIVE && found.start == (uintptr_t)block &&
        !size_matches(&found, alignment, size)) {
        ss_block_report(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
        return;
    }
    ss_free_hot(block, cold);
}

SUPERSLAB_EXPORT superslab_error superslab_check_sized(const void *block, size_t size) {
    ss_block found;
    ss_process_init();
    ss_block_hold((uintptr_t)block, &found);
    superslab_error error = ss_block_error(&found, block);
    if (error == SUPERSLAB_OK && !size_matches(&found, 1, size))
        error = SUPERSLAB_ERROR_SIZE_MISMATCH;
    ss_block_release(&found);
    return error;
}

SUPERSLAB_EXPORT void superslab_free_sized(void *block, size_t size) {
    if (!SS_HARDENED &&
        SS_LIKELY(size <= SS_SMALL_MAX && ss_headed_bin(block) == ss_exact_bin(size))) {
        ss_free_hot(block, free_sized_cold);
        return;
    }
    free_checked(block, 1, size, free_sized_cold);
}

SUPERSLAB_EXPORT void superslab_free_aligned_sized(void *block, size_t alignment, size_t size) {
    free_checked(block, alignment == 0 ? 1 : alignment, size, free_aligned_sized_cold);
}
