#include "front/counted.h"

#include "base/signal.h"
#include "front/hot.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/count.h"
#include "profile/chance.h"
#include "profile/profile.h"
#include "space/large.h"

/* Enters the allocator with a heap that counts as the profile's state wants it. NULL, with the thread outside, if there
 * is none. */
static ss_heap *enter(void) {
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    if (heap != NULL && SS_UNLIKELY(ss_count_is_late(heap)))
        ss_count_settle(heap);
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

/* ---- allocating ---- */

/* The scavenger answers `superslab profile PID`: it is started, though there may be nothing to give back. */
static void sample(ss_heap *heap, const void *block, size_t size, size_t counted) {
    ss_profile_sample(block, size, counted, ss_count_label(heap), ss_count_stack(heap));
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}

/* The heap of the calling thread if the request is to be sampled, else NULL. */
static ss_heap *sampled_by(size_t size) {
    ss_heap *heap = enter();
    if (heap == NULL)
        return NULL;
    ss_thread *self = ss_thread_self();
    const bool due = ss_count_is_due(heap, self, size);
    ss_thread_leave(self);
    return due ? heap : NULL;
}

/* Has every free of the block take a cold path. Large blocks and guarded ones take one in any case. */
static void mark(void *block) {
    ss_block found;
    if (SS_LIKELY(ss_headed_bin(block) != 0)) {
        ss_header_set(block, SS_HEADER_SAMPLED);
        return;
    }
    ss_block_find((uintptr_t)block, &found);
    if (found.slab == NULL)
        return;
    if (ss_space_is_headed(found.space))
        ss_header_set(block, SS_HEADER_SAMPLED);
    else
        atomic_store_explicit(ss_live_at(found.space, (uintptr_t)block), SS_HEADER_SAMPLED,
                              memory_order_relaxed);
}

void *ss_counted(void *block, size_t size) {
    /* A request of no bytes takes no memory. */
    ss_heap *heap = block != NULL && size != 0 ? sampled_by(size) : NULL;
    if (SS_LIKELY(heap == NULL))
        return block;
    mark(block);
    sample(heap, block, size, size);
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
