#include "heap/share.h"

#include "slab/state.h"

void ss_share_classes(void) {
    ss_process->heaps.shares_classes =
        !SS_HARDENED; /* the less behind a request, the better its trailer guards it */
}

/* The last 16-byte step of sizes that a headed class serves. */
static size_t last_step(unsigned bin) {
    return (ss_bin_stride(bin) - 1) / SS_ALIGNMENT;
}

static void steps_set(ss_thread *self, unsigned exact, unsigned bin) {
    size_t step = exact == SS_BIN_HEADED ? 0 : last_step(exact - 1) + 1;
    for (; step <= last_step(exact); step++)
        if (step < SS_TINY_STEPS)
            ss_thread_step_set(self, step, bin);
        else
            /* Relaxed: see ss_bin_of_size. */
            atomic_store_explicit(&ss_bin_of_step[step], (uint8_t)bin, memory_order_relaxed);
}

/* From this number on, the blocks that are out of a slab are not few. A slab of a small class has hundreds. */
#define SHARED_MOST 32u

/* Whether the heap's bin of a shared class is empty and its slab has less than a refill left, or SHARED_MOST blocks or
 * more are out of it. Then the requesting class gets slabs of its own. */
static bool is_short(ss_heap *heap, unsigned wide) {
    void **top = atomic_load_explicit(&heap->top[wide], memory_order_relaxed);
    uint32_t capacity = atomic_load_explicit(&heap->bin[wide].capacity, memory_order_relaxed);
    if (*top != NULL || capacity == 0)
        return false;
    const ss_slab *slab = ss_ring_first(&heap->bin[wide].ring);
    if (slab == NULL)
        return true;
    const uint32_t left = ss_slab_blocks_free(slab);
    return left < capacity / 2 || ss_class_capacity(ss_bin_class(wide)) - left >= SHARED_MOST;
}

static unsigned step_bin(const ss_thread *self, size_t step) {
    return step < SS_TINY_STEPS ? ss_thread_step_bin(self, step)
                                : atomic_load_explicit(&ss_bin_of_step[step], memory_order_relaxed);
}

static bool is_alone(unsigned exact) {
    return atomic_load_explicit(&ss_heaps->separate[exact - SS_BIN_HEADED], memory_order_relaxed);
}

unsigned ss_share_separate(ss_thread *self, size_t size) {
    const size_t step = ss_step_of_size(size);
    const unsigned exact = ss_exact_bin_of_step((unsigned)step);
    /* Relaxed: a hint that is never taken back. It and the steps are written only if they change, because all threads
     * read them. */
    if (!is_alone(exact))
        atomic_store_explicit(&ss_heaps->separate[exact - SS_BIN_HEADED], true,
                              memory_order_relaxed);
    if (step_bin(self, step) != exact)
        steps_set(self, exact, exact);
    return exact;
}

unsigned ss_share_choose(ss_thread *self, ss_heap *heap, size_t size) {
    const size_t step = ss_step_of_size(size);
    const unsigned exact = ss_exact_bin_of_step((unsigned)step), wide = ss_wide_bin(exact);
    if (wide == exact || is_alone(exact) || is_short(heap, wide))
        return ss_share_separate(self, size);
    if (step_bin(self, step) != wide)
        steps_set(self, exact, wide);
    return wide;
}
