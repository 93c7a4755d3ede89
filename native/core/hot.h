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

/* The bin is empty, the thread unborn, parked or ended, or the request is none for a bin. */
typedef void *ss_cold_malloc(size_t size);
/* Not in the first headed space. */
typedef void ss_cold_free(void *block);

SS_HOT void *ss_malloc_hot(size_t size, ss_cold_malloc *cold) {
    if (SS_UNLIKELY(size > SS_SMALL_MAX))
        return cold(size);
    unsigned bin = ss_bin_of_size(size);
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    uint8_t *block = *top;
    if (SS_UNLIKELY(block == NULL))
        return cold(size);
    atomic_store_explicit(&heap->top[bin], top - 1, memory_order_relaxed);
    ss_header_set(block, (uint8_t)bin);
    SS_ROUTE(MALLOC_HIT, 1);
    ss_thread_leave(self);
    return block;
}

SS_HOT void ss_free_hot(void *block, ss_cold_free *cold) {
    /* By the address, not by the header: where the block comes from another processor its header is
     * still on the way, and the next malloc would have to wait to know which bin this push was into. */
    size_t bin = ss_headed_bin(block);
    if (SS_UNLIKELY(bin == 0)) {
        cold(block);
        return;
    }
    uint8_t expected = (uint8_t)bin;
    __asm__("" : "+r"(bin)); /* or the compiler goes on with the header, which is equal */
    if (SS_UNLIKELY(ss_header_get(block) != expected)) {
        ss_free_dead_header(block);
        return;
    }
    ss_thread *self = ss_thread_self();
    ss_heap *heap = ss_thread_enter(self);
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    if (SS_UNLIKELY(top[1] == SS_BIN_LID)) {
        ss_free_overflow(block, bin);
        return;
    }
    ss_header_set(block, SS_HEADER_FREED);
    top[1] = block;
    atomic_store_explicit(&heap->top[bin], top + 1, memory_order_relaxed);
    SS_ROUTE(FREE_HIT, 1);
    ss_thread_leave(self);
}

#endif
