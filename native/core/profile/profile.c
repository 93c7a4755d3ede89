#include "profile/profile.h"

#include "base/sealed.h"
#include "os/profile.h"
#include "profile/chance.h"
#include "profile/codemap.h"
#include "profile/probes.h"
#include "profile/samples.h"
#include "profile/stacks.h"
#include "profile/state.h"
#include "profile/walk.h"

ss_profile_data ss_profile_state;

#define LOCK_NAPS 200u /* of 0.1 ms */

/* ---- the lock ---- */

/* Blocks that were freed by handlers which had interrupted the lock's holder. */
#define FREED_MOST 16u
static _Atomic uintptr_t freed[FREED_MOST];
static _Atomic uint32_t freed_count;

static void block_freed(uintptr_t block) {
    ss_sample sample;
    if (!ss_sample_take(block, &sample))
        return;
    ss_stack_counts *counts = &ss_stack_at(sample.stack)->counts;
    counts->used_objects -= sample.objects;
    counts->used_bytes -= sample.bytes;
    ss_probe_free(block);
}

/* By a handler that has interrupted the holder of the lock, on the same thread. If there are more than have room, the
 * blocks stay in the profile until their addresses are sampled again. */
static SS_COLD void freed_leave(uintptr_t block) {
    for (unsigned i = 0; i < FREED_MOST; i++) {
        uintptr_t none = 0;
        /* Relaxed: the same thread reads it. */
        if (atomic_compare_exchange_strong_explicit(&freed[i], &none, block, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            atomic_fetch_add_explicit(&freed_count, 1, memory_order_relaxed);
            return;
        }
    }
}

static SS_COLD void freed_do(void) {
    for (unsigned i = 0; i < FREED_MOST; i++) {
        const uintptr_t block = atomic_exchange_explicit(&freed[i], 0, memory_order_relaxed);
        if (block == 0)
            continue;
        atomic_fetch_sub_explicit(&freed_count, 1, memory_order_relaxed);
        block_freed(block);
    }
}

bool ss_profile_lock(void) {
    if (ss_lock_is_mine(&ss_profile->lock))
        return false;
    ss_lock_take(&ss_profile->lock);
    return true;
}

void ss_profile_unlock(void) {
    if (SS_UNLIKELY(atomic_load_explicit(&freed_count, memory_order_relaxed) != 0))
        freed_do();
    ss_lock_release(&ss_profile->lock);
}

/* ---- beginning and end ---- */

superslab_profile_error ss_profile_begin(size_t mean) {
    if (!ss_os_can_profile())
        return SUPERSLAB_PROFILE_UNAVAILABLE;
    if (mean == 0 || mean > PTRDIFF_MAX / 64)
        return SUPERSLAB_PROFILE_INVALID;
    if (!ss_profile_lock())
        return SUPERSLAB_PROFILE_BUSY;
    superslab_profile_error error = SUPERSLAB_PROFILE_OK;
    if (ss_profile_is_running()) {
        error = SUPERSLAB_PROFILE_RUNNING;
    } else if (!ss_stacks_begin() || !ss_samples_begin()) {
        error = SUPERSLAB_PROFILE_NO_MEMORY;
    } else {
        ss_codemap_begin();
        ss_walk_begin();
        ss_profile->started = ss_os_time_nanoseconds();
        ss_profile->taken = 0;
        atomic_store_explicit(&ss_profile->lost, 0, memory_order_relaxed);
        atomic_store_explicit(&ss_profile->mean, mean, memory_order_relaxed);
        atomic_store_explicit(&ss_profile->running, true, memory_order_relaxed);
    }
    ss_profile_unlock();
    return error;
}

void ss_profile_end(void) {
    atomic_store_explicit(&ss_profile->running, false, memory_order_relaxed);
}

bool ss_profile_is_running(void) {
    /* Relaxed: asked again under the lock before a sample is added. */
    return atomic_load_explicit(&ss_profile->running, memory_order_relaxed);
}

size_t ss_profile_mean(void) {
    return atomic_load_explicit(&ss_profile->mean, memory_order_relaxed);
}

/* ---- stacks for others ---- */

bool ss_profile_lock_patiently(void) {
    for (unsigned naps = 0; !ss_lock_try(&ss_profile->lock); naps++) {
        if (naps == LOCK_NAPS)
            return false;
        ss_os_nap();
    }
    return true;
}

uint32_t ss_profile_stack(uintptr_t *frames, uint32_t most, ss_stack *stack, uint64_t *map_bytes) {
    ss_walk walk = {.count = 0};
    if (!ss_os_can_profile() || !ss_profile_lock())
        return 0;
    ss_walk_here(frames, most, stack, &walk);
    ss_profile_unlock();
    *map_bytes = walk.map_bytes;
    return walk.count;
}

uint32_t ss_profile_stack_from(ss_frame *frame, uintptr_t *frames, uint32_t most,
                               uint64_t *map_bytes) {
    ss_walk walk = {.count = 0};
    if (!ss_os_can_profile() || !ss_profile_lock_patiently())
        return 0;
    ss_walk_from(frame, frames, most, &walk);
    ss_profile_unlock();
    *map_bytes = walk.map_bytes;
    return walk.count;
}

bool ss_profile_prepare_stacks(void) {
    if (!ss_os_can_profile() || !ss_profile_lock())
        return false;
    ss_codemap_begin();
    ss_walk_begin();
    ss_profile_unlock();
    return true;
}

/* ---- samples ---- */

static bool sample_add(const void *block, size_t size, double weight, uint32_t label,
                       ss_stack *own) {
    uintptr_t frames[SS_STACK_FRAMES];
    ss_walk walk = {.count = 0};
    ss_walk_here(frames, SS_STACK_FRAMES, own, &walk);
    ss_sample sample = {.block = (uintptr_t)block,
                        .objects = (uint64_t)(weight * 1000 + 0.5),
                        .bytes = (uint64_t)(weight * (double)size + 0.5),
                        .stack = ss_stack_find(frames, walk.count, label, walk.epoch)};
    block_freed(sample.block); /* its free was not noticed */
    if (sample.stack == SS_NO_STACK || !ss_sample_add(&sample))
        return false;
    ss_stack_record *stack = ss_stack_at(sample.stack);
    if (stack->counts.objects == 0)
        stack->first = walk.map_bytes;
    stack->last = walk.map_bytes;
    stack->counts.used_objects += sample.objects;
    stack->counts.used_bytes += sample.bytes;
    stack->counts.objects += sample.objects;
    stack->counts.bytes += sample.bytes;
    return true;
}

static void lost_count(void) {
    atomic_fetch_add_explicit(&ss_profile->lost, 1, memory_order_relaxed);
}

SS_COLD void ss_profile_sample(const void *block, size_t size, size_t counted, uint32_t label,
                               ss_stack *stack) {
    if (!ss_profile_lock()) {
        lost_count();
        return;
    }
    const bool running = ss_profile_is_running();
    const double weight = running ? ss_chance_weight(counted, ss_profile_mean()) : 1;
    if (running) {
        ss_profile->taken++;
        if (!sample_add(block, size, weight, label, stack))
            lost_count();
    }
    ss_profile_unlock();
    if (!running)
        return;
    ss_probe_alloc(block, size, (uint64_t)(weight * (double)size + 0.5));
    ss_profile_hook *hook =
        (ss_profile_hook *)atomic_load_explicit(&ss_sealed_now->profile_hook, memory_order_relaxed);
    if (hook != NULL)
        hook();
}

SS_COLD void ss_profile_freed(uintptr_t block) {
    if (SS_UNLIKELY(!ss_profile_lock())) {
        freed_leave(block);
        return;
    }
    block_freed(block);
    ss_profile_unlock();
}

/* Asked for each sample, under the lock. */
static bool sift(const ss_sample *sample, void *is_gone) {
    if (!((bool (**)(const ss_sample *, void *))is_gone)[0](sample, NULL))
        return false;
    ss_stack_counts *counts = &ss_stack_at(sample->stack)->counts;
    counts->used_objects -= sample->objects;
    counts->used_bytes -= sample->bytes;
    return true;
}

SS_COLD void ss_profile_sift(bool (*is_gone)(const ss_sample *sample, void *context)) {
    if (!ss_profile_lock())
        return;
    ss_samples_sift(sift, &is_gone);
    ss_profile_unlock();
}

uint32_t ss_profile_label(const char *text) {
    if (text == NULL || text[0] == '\0' || !ss_profile_lock())
        return 0;
    const uint32_t label = ss_label_find(text);
    ss_profile_unlock();
    return label;
}

bool ss_profile_set_hook(ss_profile_hook *hook) {
    if (!ss_sealed_open())
        return false;
    /* Relaxed: it is code of this library, which is there from the start. */
    atomic_store_explicit(&ss_sealed_now->profile_hook, (ss_code *)hook, memory_order_relaxed);
    ss_sealed_close();
    return true;
}

void ss_profile_inherit(void) {
    /* A thread that is gone was in the middle of a change: all is forgotten, and sampling goes on. */
    if (!ss_lock_inherit(&ss_profile->lock))
        return;
    ss_walk_begin();
    if (ss_profile->started != 0 && (!ss_stacks_begin() || !ss_samples_begin()))
        ss_profile_end();
}
