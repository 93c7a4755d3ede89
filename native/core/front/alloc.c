/* The hot path that allocates, and what it calls:
 *
 *   superslab_malloc       table lookup, pop                            hot.h
 *     ss_malloc_cold       bin empty, thread closed
 *       ss_thread_heap     birth of a heap, waiting for a parker        lifecycle.c
 *       ss_heap_refill     a batch from a slab                          bins.c
 *         ss_slab_take     bits of one slab                             slab.c
 *         ss_slab_acquire  adopt an abandoned slab or make one          slab.c
 *           ss_span_take_locked  granules                               span.c
 *       ss_large_cache_take  a span that the thread freed last          large_cache.h
 *       ss_large_take      a span of its own                            large.c
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
#include "slab/purge.h"
#include "space/empty.h"
#include "space/large.h"

#include <errno.h>
#include <string.h>

/* Called when the system refuses memory: flushing the thread's bins may free a span that is long enough. */
static SS_COLD void *large_scrape(size_t size, size_t alignment, bool *zero) {
    ss_flush_own_heap();
    ss_purge_recover();
    void *block = ss_large_take(size, alignment, zero);
    return block != NULL ? block : ss_no_memory();
}

static SS_NOINLINE void *large_take_span(size_t size, size_t alignment, bool *zero) {
    if (SS_UNLIKELY(size > PTRDIFF_MAX || !ss_process_ready()))
        return ss_no_memory();
    if (!SS_HARDENED && ss_large_cache_is_in_the_way(size))
        ss_large_cache_give_back();
    void *block = ss_large_take(size, alignment, zero);
    if (SS_UNLIKELY(block == NULL))
        block = large_scrape(size, alignment, zero);
    if (SS_HARDENED && block != NULL)
        ss_seal_large(block, size, SS_TRAILER_MALLOC);
    ss_attend();
    return block;
}

static SS_NOINLINE void *large_take(size_t size, size_t alignment, bool *zero) {
    SS_ROUTE(MALLOC_LARGE, 1);
    void *block =
        alignment <= SS_GRANULE_BYTES && size > SS_SMALL_MAX ? ss_large_cache_take(size) : NULL;
    if (SS_UNLIKELY(block == NULL))
        return large_take_span(size, alignment, zero);
    if (zero != NULL)
        *zero = false;
    return block;
}

SUPERSLAB_EXPORT void *superslab_malloc(size_t size) {
    return ss_malloc_hot(size, ss_malloc_cold);
}

/* The system refuses memory, or a space has no room for a record. `heap` is NULL for a thread that has none. */
static SS_COLD void *scrape(ss_heap *heap, unsigned *bin, ss_faults *faults) {
    if (heap != NULL)
        return ss_heap_scrape(heap, bin, faults);
    if (!ss_process_ready())
        return NULL;
    ss_purge_recover();
    return ss_heapless_take(*bin);
}

/* A block of no bytes; NULL if there is none left. The thread may be inside, and is left outside. */
static SS_COLD void *empty_take(size_t alignment) {
    ss_process_init();
    ss_thread_leave(ss_thread_self());
    void *block = ss_process_ready() ? ss_empty_take(alignment) : NULL;
    ss_attend();
    return block;
}

static SS_COLD void *malloc_refill(size_t size) {
    const unsigned exact = ss_exact_bin(size);
    unsigned bin = exact;
    ss_faults faults = {.count = 0};
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self); /* a thread that is not closed is inside already */
    ss_heap *heap = ss_thread_heap(&self);
    uint8_t *block = NULL;
    if (heap != NULL && SS_UNLIKELY(ss_share_is_on()))
        bin = ss_share_choose(self, heap, size);
    if (heap != NULL)
        block = ss_heap_take(heap, bin); /* need not be the bin that the hot path found empty */
    else if (ss_process_ready())
        block = ss_heapless_take(bin);
    if (SS_UNLIKELY(block == NULL) && bin != exact) /* slabs of its own class are smaller */
        block = ss_heap_take(heap, bin = ss_share_separate(self, size));
    if (SS_UNLIKELY(block == NULL))
        block = scrape(heap, &bin, &faults);
    if (block != NULL)
        ss_header_set(block, (uint8_t)bin);
    if (SS_HARDENED && block != NULL)
        ss_block_hand_out(block, bin, size);
    SS_ROUTE(MALLOC_REFILL, 1);
    ss_thread_leave(self);
    ss_report_faults(&faults);
    ss_attend();
    return block != NULL ? block : ss_no_memory();
}

SS_COLD void *ss_malloc_quiet(size_t size) {
    if (size > SS_SMALL_MAX)
        return large_take(size, 1, NULL);
    void *empty = size == 0 ? empty_take(1) : NULL;
    return empty != NULL ? empty : malloc_refill(size);
}

static void *malloc_observed(ss_call call, size_t size) {
    void *block = ss_pop_observed(size);
    return ss_observe_allocated(call, block != NULL ? block : ss_malloc_quiet(size), size, 1);
}

static SS_NOINLINE void *malloc_watched(ss_call call, size_t size) {
    if (ss_is_observed())
        return malloc_observed(call, size);
    return ss_counted(ss_malloc_quiet(size), size);
}

/* For a block that was not taken from a bin of malloc_watched's. */
static SS_NOINLINE void *allocated_watched(ss_call call, void *block, size_t size,
                                           size_t alignment) {
    return ss_is_observed() ? ss_observe_allocated(call, block, size, alignment)
                            : ss_counted(block, size);
}

/* Calls are watched, or some of their blocks guarded, or both. */
static SS_NOINLINE void *malloc_otherwise(ss_call call, size_t size) {
    void *block = ss_is_guarded() ? ss_guarded_malloc(size, 1) : NULL;
    if (!ss_is_watched())
        return block != NULL ? block : ss_malloc_quiet(size);
    return block != NULL ? allocated_watched(call, block, size, 1) : malloc_watched(call, size);
}

SS_COLD void *ss_malloc_as(ss_call call, size_t size) {
    return SS_UNLIKELY(ss_watched() != 0) ? malloc_otherwise(call, size) : ss_malloc_quiet(size);
}

static void *malloc_rest(size_t size, ss_call call) {
    return ss_malloc_as(call, size);
}

void *ss_malloc_first(size_t size, const ss_malloc_kind *kind) {
    if (SS_LIKELY(ss_is_only_observed()))
        return ss_malloc_taped(size, kind);
    return kind->rest(size, kind->call);
}

SS_COLD void *ss_malloc_cold(size_t size) {
    static const ss_malloc_kind kind = {SS_CALL_MALLOC, malloc_rest};
    return ss_is_watched() ? ss_malloc_first(size, &kind) : ss_malloc_as(kind.call, size);
}

/* ---- zeroed ---- */

static void *calloc_large_quiet(size_t bytes) {
    bool zero = false;
    uint8_t *block = large_take(bytes, 1, &zero);
    if (block == NULL || zero)
        return block;
    /* A long dirty block is purged, because writing zeros would touch pages that its user may never need. */
    size_t whole = bytes & ~(SS_GRANULE_BYTES - 1);
    if (bytes >= SS_ZERO_BY_PURGE_BYTES && ss_os_purge(block, whole))
        memset(block + whole, 0, bytes - whole);
    else
        memset(block, 0, bytes);
    return block;
}

static void *calloc_large(size_t bytes) {
    void *block = calloc_large_quiet(bytes);
    return ss_is_watched() ? allocated_watched(SS_CALL_CALLOC, block, bytes, 1) : block;
}

static SS_COLD void *calloc_cold(size_t bytes) {
    static const ss_malloc_kind kind = {SS_CALL_CALLOC, malloc_rest};
    return ss_is_watched() ? ss_malloc_first(bytes, &kind) : ss_malloc_as(kind.call, bytes);
}

SUPERSLAB_EXPORT void *superslab_calloc(size_t count, size_t size) {
    size_t bytes;
    if (SS_UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
        return ss_no_memory();
    if (SS_UNLIKELY(bytes > SS_SMALL_MAX))
        return calloc_large(bytes);
    void *block = ss_malloc_hot(bytes, calloc_cold);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

/* ---- aligned ----
 * Aligned blocks are headless, so that no byte is spent on a header. They have bins like headed blocks, and a live byte
 * in their space's table instead of the header. */

static void live_set(const void *block, unsigned bin) {
    ss_space *space = ss_space_find_internal((uintptr_t)block);
    atomic_store_explicit(ss_live_at(space, (uintptr_t)block), (uint8_t)bin, memory_order_relaxed);
}

SS_COLD void *ss_aligned_elsewhere(void *block, unsigned bin) {
    live_set(block, bin);
    ss_thread_leave(ss_thread_self());
    return block;
}

/* The bin is empty, or the thread is closed or has no heap. Called with the thread outside. */
static SS_COLD void *aligned_refill(unsigned bin) {
    ss_faults faults = {.count = 0};
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    void *block = NULL;
    if (heap != NULL)
        block = ss_heap_take(heap, bin);
    else if (ss_process_ready())
        block = ss_heapless_take(bin);
    if (SS_UNLIKELY(block == NULL))
        block = scrape(heap, &bin, &faults);
    if (block != NULL)
        live_set(block, bin);
    SS_ROUTE(MALLOC_ALIGNED, 1);
    ss_thread_leave(self);
    ss_report_faults(&faults);
    ss_attend();
    return block != NULL ? block : ss_no_memory();
}

/* Hardened: after a refusal of memory the block may be of a larger class, which its live byte tells. */
static void *sealed(void *block, size_t size) {
    if (block != NULL)
        ss_seal_aligned(block,
                        *ss_live_at(ss_space_find_internal((uintptr_t)block), (uintptr_t)block),
                        size, SS_TRAILER_MALLOC);
    return block;
}

static SS_COLD void *aligned_quiet(size_t alignment, size_t size) {
    if (SS_UNLIKELY(alignment == 0 || (alignment & (alignment - 1)) != 0)) {
        errno = EINVAL;
        return NULL;
    }
    if (alignment <= SS_ALIGNMENT) /* the hot path may count, as the caller does */
        return ss_is_watched() ? ss_malloc_quiet(size) : ss_malloc_hot(size, ss_malloc_quiet);
    if (size == 0 && alignment <= SS_GRANULE_BYTES) {
        void *empty = empty_take(alignment);
        if (empty != NULL)
            return empty;
        size = 1;
    }
    const size_t bytes = size + SS_SEAL_BYTES;
    if (SS_LIKELY(ss_aligned_last(alignment, bytes) < SS_HEADLESS_MAX) &&
        (!SS_HARDENED || size < SS_HEADLESS_MAX))
        return SS_HARDENED ? sealed(aligned_refill(ss_aligned_bin(alignment, bytes)), size)
                           : aligned_refill(ss_aligned_bin(alignment, bytes));
    return large_take(size, alignment, NULL);
}

SS_COLD void *ss_aligned_as(ss_call call, size_t alignment, size_t size) {
    void *block = NULL;
    if (ss_is_guarded() && (alignment & (alignment - 1)) == 0 && alignment != 0)
        block = ss_guarded_malloc(size, alignment);
    if (block == NULL)
        block = aligned_quiet(alignment, size);
    return ss_is_watched() ? allocated_watched(call, block, size, alignment) : block;
}

SS_COLD void *ss_aligned_cold(size_t alignment, size_t size) {
    return ss_aligned_as(SS_CALL_ALIGNED, alignment, size);
}

SUPERSLAB_EXPORT void *superslab_aligned_alloc(size_t alignment, size_t size) {
    return ss_aligned_hot(alignment, size, ss_aligned_cold);
}
