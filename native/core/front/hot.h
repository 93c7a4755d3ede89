/* The hot paths, for each function that is exported under one of malloc's names: superslab_malloc and superslab_free
 * here; malloc, free and the operators of C++ in the preload library. Inline, so that no exported function costs an
 * extra jump. Each path ends in `cold` if it cannot serve the call. */
#ifndef SS_HOT_H
#define SS_HOT_H

#include "base/class.h"
#include "base/process.h"
#include "base/route.h"
#include "base/thread.h"
#include "front/cold.h"
#include "slab/block.h"
#include "slab/seal.h"
#include "slab/trailer.h"

#define SS_HOT static inline __attribute__((always_inline))

/* A relaxed access and its use, in one instruction where the machine has one. For atomics the compilers emit two. */
#if defined(__x86_64__) && !defined(SS_TSAN)
#define SS_BELOW(value, word)                                                                      \
    ({                                                                                             \
        bool below;                                                                                \
        __asm__ volatile("cmpq %2, %1" : "=@ccb"(below) : "r"(value), "m"(word));                  \
        below;                                                                                     \
    })
#define SS_LOAD_TOP(value, top) __asm__ volatile("movq %1, %0" : "=r"(value) : "m"(top))
/* Subtracts; true if the result is negative. */
#define SS_COUNT_DOWN(left, bytes)                                                                 \
    ({                                                                                             \
        bool negative;                                                                             \
        __asm__ volatile("subq %2, %0" : "+m"(left), "=@ccs"(negative) : "r"(bytes));              \
        negative;                                                                                  \
    })
#define SS_MOVE_TOP(top, slots)                                                                    \
    __asm__ volatile("addq %2, %0"                                                                 \
                     : "=m"(top)                                                                   \
                     : "m"(top), "i"((slots) * (ptrdiff_t)sizeof(void *))                          \
                     : "cc")
#else
#define SS_COUNT_DOWN(left, bytes) (((left) -= (int64_t)(bytes)) < 0)
#define SS_LOAD_TOP(value, top) ((value) = atomic_load_explicit(&(top), memory_order_relaxed))
#define SS_BELOW(value, word) ((value) < atomic_load_explicit(&(word), SS_ORDER_IS_OPEN))
#define SS_MOVE_TOP(top, slots)                                                                    \
    atomic_store_explicit(&(top), atomic_load_explicit(&(top), memory_order_relaxed) + (slots),    \
                          memory_order_relaxed)
#endif

/* Frees a block that is not in the first headed space, or any block of a closed thread. Called with the thread outside.
 * `block` is not NULL. */
typedef void ss_cold_free(void *block);

/* The outlet's top block, or what `cold` returns for the size. `counted`: it was subtracted from what is left to the next
 * sample, and is put back for `cold`. */
SS_HOT void *ss_pop_hot(ss_thread *self, size_t bin, size_t size, bool counted,
                        ss_cold_malloc *cold, ss_trailer_kind kind) {
    void **top;
    SS_LOAD_TOP(top, self->top[bin + SS_OUTLET]);
    uint8_t *block = *top;
    if (SS_UNLIKELY(block == NULL)) {
        if (counted) {
            self->left += (int64_t)size;
            return cold(size);
        }
        return SS_HARDENED ? ss_malloc_exchange(size, (unsigned)bin, cold, kind) : cold(size);
    }
    SS_OPAQUE(block);
    *top = (void *)bin; /* ss_bin_vacant of a headed bin */
    SS_OPAQUE(bin);
    SS_MOVE_TOP(self->top[bin + SS_OUTLET], -1);
    ss_header_set(block, (uint8_t)bin);
    if (SS_HARDENED) {
        const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
        const uint64_t word = ss_trailer_word(block);
        const uint32_t draw = (uint32_t)word + (uint32_t)(uintptr_t)top;
        if (SS_HARDENED >= 2 && ss_scrub_is_all(usable))
            return ss_malloc_all(block, size, usable, kind, draw);
        if (SS_HARDENED >= 2 && SS_UNLIKELY(!ss_scrub_begins_whole(block)))
            return ss_malloc_written(block, size, usable, kind);
        ss_trailer_set_by(block, size, usable, kind, word);
    }
    SS_ROUTE(MALLOC_HIT, 1);
    ss_thread_leave(self);
    if (counted)
        SS_OPAQUE(block); /* so that this code is not merged with the uncounted one, by a jump */
    return block;
}

/* `kind` tells a hardened library which function is called. */
SS_HOT void *ss_malloc_hot_as(size_t size, ss_cold_malloc *cold, ss_trailer_kind kind) {
    ss_thread *self = ss_thread_self();
    ss_thread_mark(self);
    if (SS_LIKELY(SS_BELOW(size, self->tiny_end)))
        return ss_pop_hot(self, self->bin_of_size[size], size, false, cold, kind);
    SS_OPAQUE(size);
    /* A request of no bytes comes here while the thread is opened or closed; it is not below these bounds. */
    if (SS_BELOW(size - 1, self->small_end))
        return ss_pop_hot(self, ss_bin_of_size(size), size, false, cold, kind);
    if (SS_BELOW(size - 1, self->counted_end)) {
        if (SS_UNLIKELY(SS_COUNT_DOWN(self->left, size)))
            return cold(size); /* which samples it */
        return ss_pop_hot(self, self->bin_of_size[size], size, true, cold, kind);
    }
    ss_thread_leave(self);
    return cold(size);
}

SS_HOT void *ss_malloc_hot(size_t size, ss_cold_malloc *cold) {
    return ss_malloc_hot_as(size, cold, SS_TRAILER_MALLOC);
}

/* `kind` and `asked`, the size that the caller gives or SS_SIZE_ANY, are for a hardened library. */
SS_HOT void ss_free_hot_as(void *block, ss_cold_free *cold, ss_trailer_kind kind, size_t asked) {
    ss_thread *self = ss_thread_self();
    ss_thread_mark(self);
    uintptr_t offset = (uintptr_t)block - self->headed_base;
    if (SS_UNLIKELY(!SS_BELOW(offset, self->headed_end))) {
        ss_thread_leave(self);
        if (block != NULL && /* tested here, so that a free of NULL does not jump to `cold` */
            (!SS_HARDENED || ss_free_admits(block, kind, asked)))
            cold(block);
        return;
    }
    /* The bin is found by the address, not by the header. If the block comes from another processor, its header is
     * still on the way, and the next malloc would wait for it to know which bin this push changed. */
    size_t bin =
        atomic_load_explicit(&ss_headed_bins[offset >> SS_GRANULE_SHIFT], memory_order_relaxed);
    void **top;
    SS_LOAD_TOP(top, self->top[bin]);
    if (SS_UNLIKELY(top[1] != (void *)(uintptr_t)ss_header_get(block))) {
        if (!SS_HARDENED || ss_free_is_right(block, kind, asked) ||
            ss_free_broken(block, kind, asked))
            ss_free_refused(block);
        return;
    }
    if (SS_HARDENED) {
        const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
        const uint64_t word = ss_trailer_word(block);
        if (SS_UNLIKELY(!ss_trailer_is_whole_by(block, usable, kind, asked, word))) {
            if (ss_free_broken(block, kind, asked))
                ss_free_refused(block);
            return;
        }
        if (SS_HARDENED >= 2 && ss_scrub_is_all(usable)) {
            if (SS_UNLIKELY(!ss_free_all(block, (unsigned)bin, word, top)))
                ss_free_refused(block); /* the cold path looks closer */
            return;
        }
        ss_header_set(block, SS_HEADER_FREED);
        ss_trailer_end(block, word);
        if (SS_HARDENED >= 2)
            ss_scrub_begin(block);
    }
    top[1] = block;
    if (!SS_HARDENED)
        ss_header_set(block, SS_HEADER_FREED);
    SS_OPAQUE(bin);
    SS_MOVE_TOP(self->top[bin], 1);
    SS_ROUTE(FREE_HIT, 1);
    ss_thread_leave(self);
}

SS_HOT void ss_free_hot(void *block, ss_cold_free *cold) {
    ss_free_hot_as(block, cold, SS_TRAILER_MALLOC, SS_SIZE_ANY);
}

/* ---- aligned blocks, which are headless ---- */

/* Serves a request that no bin could. Called with the thread outside. */
typedef void *ss_cold_aligned(size_t alignment, size_t size);

/* The top block of the bin for the request, or what `cold` returns for it. */
SS_HOT void *ss_aligned_hot(size_t alignment, size_t size, ss_cold_aligned *cold) {
    const size_t last = ss_aligned_last(alignment, size + SS_SEAL_BYTES);
    if (SS_UNLIKELY((alignment & (alignment - 1)) != 0 || alignment <= SS_ALIGNMENT) ||
        (SS_HARDENED && size - 1 >= SS_HEADLESS_MAX))
        return cold(alignment, size);
    ss_thread *self = ss_thread_self();
    ss_thread_mark(self);
    void **top, *block = NULL;
    /* The low 5 bits of `last` are set, so it is below this bound only if it is below SS_HEADLESS_MAX. */
    _Static_assert(SS_SMALL_MAX - SS_HEADLESS_MAX <= 31, "no such number in between");
    if (SS_LIKELY(SS_BELOW(last, self->small_end))) {
        const size_t bin = ss_headless_bin_of_last(last);
        SS_LOAD_TOP(top, self->top[ss_bin_outlet((unsigned)bin)]);
        block = *top;
        if (SS_LIKELY(block != NULL)) {
            *top = ss_headless_vacant(bin);
            SS_MOVE_TOP(self->top[ss_bin_outlet((unsigned)bin)], -1);
            _Atomic uint8_t *live = ss_live_at(ss_space_headless(), (uintptr_t)block);
            SS_ROUTE(MALLOC_ALIGNED, 1);
            if (SS_HARDENED)
                ss_seal_aligned(block, (unsigned)bin, size, SS_TRAILER_MALLOC);
            if (SS_UNLIKELY(live == NULL))
                return ss_aligned_elsewhere(block, (unsigned)bin);
            atomic_store_explicit(live, (uint8_t)bin, memory_order_relaxed);
            ss_thread_leave(self);
            return block;
        }
    }
    ss_thread_leave(self);
    return cold(alignment, size);
}

/* Frees the block if it is an aligned one of the first headless space. False if nothing was done, and always while
 * there is an observer. */
SS_HOT bool ss_free_aligned_hot(void *block) {
    ss_space *space = atomic_load_explicit(&ss_headless_hot, memory_order_acquire);
    _Atomic uint8_t *live = ss_live_at(space, (uintptr_t)block);
    if (live == NULL || (uintptr_t)block % (1u << SS_HEADLESS_LIVE_SHIFT) != 0)
        return false;
    /* Loaded before the exchange, so that the free of a large block writes nothing to the table, and the push knows its
     * bin without waiting for the exchange. */
    uint8_t bin = atomic_load_explicit(live, memory_order_relaxed), expected = bin;
    if (bin == 0)
        return false;
    /* Two threads that free one block at once cannot both find it live. */
    if (SS_UNLIKELY(!atomic_compare_exchange_strong_explicit(
            live, &expected, 0, memory_order_relaxed, memory_order_relaxed))) {
        ss_free_lost(block);
        return true;
    }
    SS_ROUTE(FREE_HEADLESS, 1);
    ss_thread *self = ss_thread_self();
    void **top;
    if (SS_UNLIKELY(ss_thread_enter(self) == NULL)) {
        ss_free_push(block, bin);
        return true;
    }
    SS_LOAD_TOP(top, self->top[bin]);
    if (SS_UNLIKELY(top[1] != ss_headless_vacant(bin))) {
        ss_free_push(block, bin);
        return true;
    }
    top[1] = block;
    SS_MOVE_TOP(self->top[bin], 1);
    ss_thread_leave(self);
    return true;
}

/* ---- sizes ---- */

/* The usable size of a block that is neither in the first headed space nor a large one. */
typedef size_t ss_cold_usable_size(const void *block);

SS_HOT size_t ss_usable_size_hot(const void *block, ss_cold_usable_size *cold) {
    if ((uintptr_t)block % SS_GRANULE_BYTES != 0) { /* no headed block begins a granule */
        const ss_class *class = SS_HARDENED ? NULL : ss_headed_class(block);
        if (SS_LIKELY(class != NULL))
            return ss_class_headed_usable(class);
    } else {
        size_t bytes = SS_HARDENED ? 0 : ss_large_usable(block);
        if (SS_LIKELY(bytes != 0))
            return bytes;
    }
    return cold(block);
}

/* ---- realloc ---- */

typedef void *ss_cold_realloc(void *block, size_t size);

/* Leaves the block in place, as in most calls, if the size fits and uses at least half of it. Calls `cold` otherwise,
 * and for a size of 0. */
SS_HOT void *ss_realloc_hot(void *block, size_t size, ss_cold_realloc *cold) {
    if (SS_HARDENED) /* the trailer is checked, and written anew */
        return cold(block, size);
    const uintptr_t base = atomic_load_explicit(&ss_resize_base, memory_order_relaxed);
    const ss_class *class = ss_class_exact_at(base, block);
    if (SS_LIKELY(class != NULL)) {
        const size_t usable = ss_class_headed_usable(class);
        if (SS_LIKELY(size <= usable) && SS_LIKELY(size >= usable / 2))
            return block;
    }
    return cold(block, size);
}

#endif
