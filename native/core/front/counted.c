#include "front/counted.h"

#include "background/attend.h"
#include "base/report.h"
#include "front/hot.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/count.h"
#include "heap/share.h"
#include "profile/chance.h"
#include "profile/profile.h"
#include "space/large.h"

/* Enters the allocator with a heap that counts as the profile's state wants it. NULL, with the thread outside, if there
 * is none. */
static ss_heap *enter(void) {
    ss_faults faults = {.count = 0};
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    if (heap != NULL && SS_UNLIKELY(ss_count_is_late(heap))) {
        ss_count_settle(heap, &faults);
        ss_report_defer(&faults); /* with the thread inside none is reported */
    }
    if (heap != NULL && ss_count_is_on(heap))
        return heap;
    ss_thread_leave(self);
    return NULL;
}

void ss_counted_settle(void) {
    ss_thread *self = ss_thread_self();
    if (self->assigned != NULL && enter() != NULL) /* a thread without a heap needs none for this */
        ss_thread_leave(self);
}

/* The scavenger answers `superslab profile PID`: it is started, though there may be nothing to give back. */
static void sample(ss_heap *heap, const void *block, size_t size, size_t stride) {
    ss_profile_sample(block, size, stride, ss_count_label(heap), ss_count_stack(heap));
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}

/* ---- allocating ---- */

static void *tiny_take(ss_heap *heap, size_t size, uint8_t *header) {
    ss_thread *self = ss_thread_self();
    unsigned bin = ss_bin_first(self->bin_of_size[size]);
    if (SS_UNLIKELY(ss_share_is_on()) && ss_bin_blocks(heap, bin) == 0)
        bin = ss_share_choose(self, heap, size);
    return ss_count_take(heap, bin, header);
}

static void *small_take(ss_heap *heap, size_t size, uint8_t *header) {
    unsigned bin = (unsigned)ss_bin_of_size(size);
    if (SS_UNLIKELY(ss_share_is_on()) && ss_bin_blocks(heap, bin) == 0)
        bin = ss_share_choose(ss_thread_self(), heap, size);
    if (!SS_HARDENED && SS_UNLIKELY(ss_heap_stock(heap, bin, 1) == 0))
        return NULL;
    *header = ss_count_is_due(heap, ss_bin_stride(bin)) ? SS_HEADER_SAMPLED : (uint8_t)bin;
    return SS_HARDENED ? ss_heap_take(heap, bin) : ss_heap_pop(heap, bin);
}

void *ss_malloc_turn(size_t size) {
    ss_thread *self = ss_thread_self();
    if (size >= SS_TINY_END)
        return NULL;
    ss_heap *heap = ss_thread_enter(self);
    void *block = NULL;
    if (SS_LIKELY(heap != NULL)) { /* a parker may write to the table of a closed thread */
        const unsigned tiny = self->bin_of_size[size] - SS_BIN_COUNTED;
        if (SS_LIKELY(tiny < SS_TINY_COUNT) &&
            SS_LIKELY((block = ss_count_turn(heap, self->top, tiny)) != NULL)) {
            ss_header_set(block, (uint8_t)(SS_BIN_COUNTED + tiny));
            if (SS_HARDENED)
                ss_block_hand_out(block, SS_BIN_HEADED + tiny, size);
        }
    }
    ss_thread_leave(self);
    return block;
}

void *ss_malloc_counted(size_t size) {
    ss_heap *heap = size <= SS_SMALL_MAX ? enter() : NULL;
    if (heap == NULL)
        return NULL;
    uint8_t header = 0;
    void *block =
        size <= SS_TINY_MAX ? tiny_take(heap, size, &header) : small_take(heap, size, &header);
    if (block != NULL)
        ss_header_set(block, header);
    if (SS_HARDENED && block != NULL)
        ss_block_hand_out(block, (unsigned)ss_headed_bin(block), size);
    ss_thread_leave(ss_thread_self());
    ss_attend();
    if (SS_UNLIKELY(block != NULL && header == SS_HEADER_SAMPLED))
        sample(heap, block, size, ss_bin_stride(ss_headed_bin(block)));
    return block;
}

/* The heap of the calling thread if the block is to be sampled, else NULL. */
static ss_heap *sampled_by(size_t bytes) {
    ss_heap *heap = enter();
    if (heap == NULL)
        return NULL;
    const bool due = ss_count_is_due(heap, bytes);
    ss_thread_leave(ss_thread_self());
    return due ? heap : NULL;
}

void *ss_counted(void *block, size_t size) {
    ss_block found;
    if (block == NULL || !ss_is_profiled())
        return block;
    ss_block_find((uintptr_t)block, &found);
    if (ss_block_is_empty(&found))
        return block;
    const bool headed = found.slab != NULL && ss_space_is_headed(found.space);
    /* A block with a second bin's header was counted, and a sampled one as well: a hot path took it. */
    if (headed && ss_header_get(block) != found.bin)
        return block;
    const size_t stride = found.guarded ? found.usable : found.stride;
    ss_heap *heap = sampled_by(stride);
    if (SS_LIKELY(heap == NULL))
        return block;
    if (headed)
        ss_header_set(block, SS_HEADER_SAMPLED);
    else if (found.slab != NULL)
        atomic_store_explicit(ss_live_at(found.space, (uintptr_t)block), SS_HEADER_SAMPLED,
                              memory_order_relaxed);
    sample(heap, block, size, stride);
    return block;
}

/* ---- windows ---- */

int64_t ss_counted_distance(uint64_t *state) {
    return ss_profile_is_running() ? ss_chance_draw(state, ss_profile_mean()) : INT64_MAX;
}

void ss_counted_outside(const void *block, size_t size, size_t stride) {
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    ss_thread_leave(self);
    if (heap != NULL)
        sample(heap, block, size, stride);
}

void ss_counted_outside_freed(const void *block) {
    ss_profile_freed((uintptr_t)block);
}

static bool is_gone(const ss_sample *sample, void *context) {
    (void)context;
    ss_block found;
    ss_block_hold(ss_sample_block(sample), &found);
    const _Atomic uint8_t *live = found.space != NULL && ss_space_is_external(found.space)
                                      ? ss_space_live_byte(found.space, ss_sample_block(sample))
                                      : NULL;
    const bool there = found.state == SS_BLOCK_LIVE && found.start == ss_sample_block(sample) &&
                       (live == NULL || atomic_load_explicit(live, memory_order_relaxed) != 0);
    ss_block_release(&found);
    return !there;
}

void ss_counted_sift(void) {
    ss_profile_sift(is_gone);
}

/* ---- freeing ---- */

void ss_counted_free(const void *block) {
    ss_profile_freed((uintptr_t)block);
}

bool ss_counted_free_headed(void *block) {
    uint8_t sampled = SS_HEADER_SAMPLED;
    /* Relaxed: of two threads that free the block at once, one finds it live. */
    if (!atomic_compare_exchange_strong_explicit((_Atomic uint8_t *)block - 1, &sampled,
                                                 SS_HEADER_FREED, memory_order_relaxed,
                                                 memory_order_relaxed))
        return false;
    ss_counted_free(block);
    return true;
}

unsigned ss_counted_free_aligned(const void *block) {
    ss_block found;
    ss_counted_free(block);
    ss_block_find((uintptr_t)block, &found);
    return found.bin;
}

size_t ss_counted_large(const void *block) {
    return (uintptr_t)block % SS_GRANULE_BYTES == 0 ? ss_large_usable(block) : 0;
}
