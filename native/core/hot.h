/* The two hot paths, for whoever exports them under a name of his own: superslab_malloc and
 * superslab_free here, malloc, free and the operators of C++ in the preload library. Inline, so that
 * none of them costs a jump more than another; `cold` is what each ends in when nothing was at hand. */
#ifndef SS_HOT_H
#define SS_HOT_H

#include "block.h"
#include "class.h"
#include "process.h"
#include "route.h"
#include "thread.h"

#define SS_HOT static inline __attribute__((always_inline))

/* The compiler knows nothing of the value from here on, which is no instruction and saves some: gcc
 * would keep the address of a bin's top in a register of its own, and the block in another one than it
 * is returned in; clang would keep the size. */
#define SS_OPAQUE(value) __asm__("" : "+r"(value))

/* What no bin could serve: with the thread inside, since its bin is empty or it is unborn, parked or
 * ended; or with the thread outside, since no bin is for the size. */
typedef void *ss_cold_malloc(size_t size);
/* Not in the first headed space, or the thread unborn, parked or ended; with the thread outside. */
typedef void ss_cold_free(void *block);

/* The bin's top block, or what `cold` has for the size. */
SS_HOT void *ss_bin_pop(ss_thread *self, ss_heap *heap, size_t bin, size_t size,
                        ss_cold_malloc *cold) {
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    uint8_t *block = *top;
    if (SS_UNLIKELY(block == NULL))
        return cold(size);
    SS_OPAQUE(block);
    SS_OPAQUE(bin);
    atomic_store_explicit(&heap->top[bin], top - 1, memory_order_relaxed);
    ss_header_set(block, (uint8_t)bin);
    SS_ROUTE(MALLOC_HIT, 1);
    ss_thread_leave(self);
    return block;
}

SS_HOT void *ss_malloc_hot(size_t size, ss_cold_malloc *cold) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    if (SS_LIKELY(size <= heap->tiny_max)) {
        size_t step = size / SS_ALIGNMENT;
        SS_OPAQUE(step);
        /* Cold is told the largest size of the step: the size itself need not be kept. */
        return ss_bin_pop(self, heap, heap->bin_of_step[step],
                          step * SS_ALIGNMENT + SS_ALIGNMENT - 1, cold);
    }
    SS_OPAQUE(size);
    if (size <= SS_SMALL_MAX)
        return ss_bin_pop(self, heap, ss_bin_of_size(size), size, cold);
    ss_thread_leave(self);
    return cold(size);
}

SS_HOT void ss_free_hot(void *block, ss_cold_free *cold) {
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    /* By the address, not by the header: where the block comes from another processor its header is
     * still on the way, and the next malloc would have to wait to know which bin this push was into. */
    size_t bin = ss_bin_at(heap->headed_base, block), expected = bin;
    if (SS_UNLIKELY(bin == 0)) {
        ss_thread_leave(self);
        cold(block);
        return;
    }
    SS_OPAQUE(bin); /* or the compiler goes on with the header, which is equal */
    if (SS_UNLIKELY(ss_header_get(block) != expected)) {
        ss_thread_leave(self);
        ss_free_dead_header(block);
        return;
    }
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    if (SS_UNLIKELY(top[1] == SS_BIN_LID)) {
        ss_free_overflow(block, (unsigned)bin);
        return;
    }
    ss_header_set(block, SS_HEADER_FREED);
    top[1] = block;
    SS_OPAQUE(bin);
    atomic_store_explicit(&heap->top[bin], top + 1, memory_order_relaxed);
    SS_ROUTE(FREE_HIT, 1);
    ss_thread_leave(self);
}

#endif
