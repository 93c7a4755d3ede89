/* Conditions on a heap's bins, for SS_CHECK. */
#ifndef SS_CHECKS_HEAP_H
#define SS_CHECKS_HEAP_H

#include "base/checks.h"
#include "heap/heap.h"

/* Whether a bin has its bottom, its lid, and above its blocks a vacant slot or the lid. Called by the thread that
 * has the heap. */
static inline bool ss_check_bin(const ss_heap *heap, unsigned bin) {
    void **slots = atomic_load_explicit(&heap->bin[bin].slots, memory_order_relaxed);
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    const uint32_t capacity = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    const ptrdiff_t blocks = top - slots;
    return blocks >= 0 && blocks <= (ptrdiff_t)capacity && slots[0] == NULL &&
           slots[capacity + 1] == SS_BIN_LID &&
           (blocks == (ptrdiff_t)capacity || top[1] == ss_bin_vacant(bin));
}

#endif
