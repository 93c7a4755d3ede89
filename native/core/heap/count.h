/* Counting the bytes that a heap hands out, for a profile, without an instruction on the hot paths.
 *
 * While a heap counts, each tiny class (requests below SS_TINY_END) has two bins. The hot malloc pops from the second
 * one, because the thread's table of sizes has its number, and so writes that number as the header. The hot free pushes
 * onto the first one, because it finds the bin by the block's slab; the vacant slots there hold the second bin's number,
 * which is the header that it expects. Both paths are the ones that run without a profile. Nothing is pushed onto a
 * second bin, so what was put into it is what is handed out: a cold path counts blocks when it moves them over from the
 * first bin. If the next sample is due among them, it moves those before that one
 * alone, and the next call, which finds the bin empty, gets the sampled block.
 *
 * The thread's small_end is 0, so larger requests and aligned ones take their cold paths and are counted there one by
 * one. A heap that counts has no large cache.
 *
 * A block keeps the second bin's number as its header when the heap no longer counts, and a block from before keeps the
 * first one's. Where they do not fit the vacant slot, free takes a cold path, which knows both.
 *
 * A sampled block has the header SS_HEADER_SAMPLED, which no vacant slot holds, so every free of it takes a cold path. An
 * aligned one has that number in the table of live blocks. */
#ifndef SS_COUNT_H
#define SS_COUNT_H

#include "heap/bins.h"

/* A first bin with fewer blocks takes more from a slab before it is moved: a call that moves few costs more than it
 * counts. With many, a block is used again after it has left the processor's first cache (docs/performance-log.md). */
#define SS_COUNT_LEAST 5u

/* Whether the heap is not yet as the profile's state wants it. Called by the heap's thread. */
static inline bool ss_count_is_late(const ss_heap *heap) {
    return heap->count.on != ss_is_profiled();
}

/* Makes the heap count, or no longer, as the profile's state wants it. Called by the thread that has the heap. Does
 * nothing while another thread holds the heap's thread_lock: the next cold path tries again. */
void ss_count_settle(ss_heap *heap, ss_faults *faults);

/* The same for a thread that has parked the heap's thread. */
void ss_count_set_parked(ss_heap *heap, ss_faults *faults);

/* Whether a heap with a thread is not as the profile's state wants it. A guess while the thread works. */
bool ss_count_seems_late(ss_heap *heap);

/* Says whether heaps are to count. */
void ss_count_want(bool on);

/* ---- what a heap knows for samples ---- */

static inline bool ss_count_is_on(const ss_heap *heap) {
    return heap->count.on;
}

static inline uint32_t ss_count_label(const ss_heap *heap) {
    return heap->count.label;
}

/* What was found of its thread's stack. */
static inline ss_stack *ss_count_stack(ss_heap *heap) {
    return &heap->count.stack;
}

/* Sets the label of what the heap's thread allocates. Returns the one before. */
uint32_t ss_count_set_label(ss_heap *heap, uint32_t label);

/* At a thread's birth, with a table of first bins, and at its end: the heap's bins are empty then, or are emptied. */
void ss_count_begin(ss_heap *heap, ss_thread *thread);
void ss_count_end(ss_heap *heap, ss_thread *thread, ss_faults *faults);

/* In the child of a fork, for a heap whose bins were lost while a parker changed them: sets what the thread has of it. */
void ss_count_mend(const ss_heap *heap, ss_thread *thread);

/* In the child of a fork: the number of heaps that count, added up anew. */
void ss_count_inherit(uint32_t heaps);

/* The heap hands out `bytes` of a tiny class, by its index, or of any other kind (SS_COUNT_OTHERS): whether the block is
 * to be sampled. Each of them has a distance of its own. With one for all, a sample that is due for a class whose
 * second bin still has blocks would go to another class, whose call comes first. */
#define SS_COUNT_OTHERS SS_TINY_COUNT
bool ss_count_is_due(ss_heap *heap, unsigned which, size_t bytes);

/* The quick part of ss_count_take: moves all blocks of the first bin over, if the second one is empty and the first one
 * has enough of them, and if no sample is due among them. NULL if nothing was done. */
static inline void *ss_count_turn(ss_heap *heap, unsigned bin) {
    const unsigned counted = ss_bin_outlet(ss_bin_counted(bin));
    ss_bin *from = &heap->bin[bin], *to = &heap->bin[counted];
    void **slots = atomic_load_explicit(&from->slots, memory_order_relaxed);
    void **top = atomic_load_explicit(&heap->top[bin], memory_order_relaxed);
    void **others = atomic_load_explicit(&to->slots, memory_order_relaxed);
    const ptrdiff_t count = top - slots;
    const int64_t bytes = (int64_t)count * ss_bin_stride(bin);
    int64_t *left = &heap->count.left[bin - SS_BIN_HEADED];
    if (SS_UNLIKELY(count < SS_COUNT_LEAST || *left < bytes ||
                    atomic_load_explicit(&heap->top[counted], memory_order_relaxed) != others ||
                    atomic_load_explicit(&from->capacity, memory_order_relaxed) !=
                        atomic_load_explicit(&to->capacity, memory_order_relaxed)))
        return NULL;
    void *block = *top;
    *top = ss_bin_vacant(counted);
    *left -= bytes;
    atomic_store_explicit(&from->slots, others, memory_order_relaxed);
    atomic_store_explicit(&heap->top[bin], others, memory_order_relaxed);
    atomic_store_explicit(&to->slots, slots, memory_order_relaxed);
    atomic_store_explicit(&heap->top[counted], top - 1, memory_order_relaxed);
    ss_heap_note_cold(heap);
    return block;
}

/* Takes a block of a tiny class, whose first bin is `bin`; NULL if no slab has one. Sets *header to the one that the
 * block is to have. */
void *ss_count_take(ss_heap *heap, unsigned bin, uint8_t *header);

#endif
