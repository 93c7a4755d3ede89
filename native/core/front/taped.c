/* Calls that a thread's bins serve while an observer keeps the thread closed: what the hot paths do, and an entry on the
 * thread's tape. */
#include "front/taped.h"

#include "heap/bins.h"
#include "heap/observe.h"
#include "slab/block.h"
#include "slab/scrub.h"
#include "slab/trailer.h"

/* ---- what the hot paths do ---- */

static inline unsigned bin_of(const ss_thread *self, size_t size) {
    return size <= SS_TINY_MAX ? self->bin_of_size[size] : (unsigned)ss_bin_of_size(size);
}

/* Pops the block on top of the bin, which is not empty. Called inside. */
static inline void pop(ss_thread *self, unsigned bin, void **top, size_t size) {
    uint8_t *block = *top;
    *top = (void *)(uintptr_t)bin; /* ss_bin_vacant of a headed bin */
    atomic_store_explicit(&self->top[ss_bin_outlet(bin)], top - 1, memory_order_relaxed);
    ss_header_set(block, (uint8_t)bin);
    if (SS_HARDENED)
        ss_block_hand_out(block, bin, size);
}

static inline void **top_of(ss_thread *self, unsigned bin) {
    return atomic_load_explicit(&self->top[ss_bin_outlet(bin)], memory_order_relaxed);
}

/* Pushes a live block of the bin; false if the block is unchanged. Called inside. */
static inline bool push(ss_thread *self, unsigned bin, void *block) {
    void **top = atomic_load_explicit(&self->top[bin], memory_order_relaxed);
    /* The vacant slot has the header of live blocks; the lid has none. */
    if (SS_UNLIKELY(top[1] != (void *)(uintptr_t)ss_header_get(block)) ||
        (SS_HARDENED &&
         !ss_trailer_is_whole(block, ss_class_headed_usable(ss_bin_class(bin)), SS_TRAILER_ANY)))
        return false;
    top[1] = block;
    atomic_store_explicit(&self->top[bin], top + 1, memory_order_relaxed);
    if (SS_HARDENED)
        ss_block_end(block, ss_class_headed_usable(ss_bin_class(bin)), ss_trailer_word(block));
    else
        ss_header_set(block, SS_HEADER_FREED);
    return true;
}

void *ss_pop_observed(size_t size) {
    ss_thread *self = ss_thread_self();
    void *block = NULL;
    if (ss_thread_enter(self) != NULL && size <= SS_SMALL_MAX) {
        const unsigned bin = bin_of(self, size);
        void **top = top_of(self, bin);
        if ((block = *top) != NULL)
            pop(self, bin, top, size);
    }
    ss_thread_leave(self);
    return block;
}

/* Pushes any block; false if nothing was done. */
static bool push_observed(void *block) {
    ss_thread *self = ss_thread_self();
    const unsigned bin = (unsigned)ss_headed_bin(block);
    const bool pushed = ss_thread_enter(self) != NULL && bin != 0 && push(self, bin, block);
    ss_thread_leave(self);
    return pushed;
}

/* ---- with a tape ----
 * The first functions are short and call nothing; what they cannot do is done by calls at their ends. */

/* The tape of the thread, which enters the allocator; NULL if it is not open, or the thread is. */
static inline ss_tape *enter(ss_thread *self, uint8_t **at) {
    ss_heap *heap = ss_thread_enter(self);
    return SS_LIKELY(heap != NULL) ? ss_observe_tape(heap, at) : NULL;
}

/* Opens the thread's tape, if it is closed and can be opened. Called outside. */
static SS_COLD bool open_tape(void) {
    uint8_t *at;
    ss_heap *heap = atomic_load_explicit(&ss_thread_self()->heap, SS_ORDER_IS_OPEN);
    if (heap == NULL || ss_observe_tape(heap, &at) != NULL)
        return false;
    ss_observe_tape_open(heap);
    return ss_observe_tape(heap, &at) != NULL;
}

/* NULL if nothing was done. */
static inline void *malloc_taped(size_t size, const ss_malloc_kind *kind) {
    uint8_t *at;
    _Static_assert(SS_TAPE_SIZE_MAX <= SS_SMALL_MAX, "bins serve the sizes of entries");
    if (SS_UNLIKELY(size > SS_TAPE_SIZE_MAX))
        return NULL;
    ss_thread *self = ss_thread_self();
    ss_tape *tape = enter(self, &at);
    if (SS_LIKELY(tape != NULL)) {
        const unsigned bin = bin_of(self, size);
        void **top = top_of(self, bin), *block = *top;
        const uintptr_t offset = (uintptr_t)block - self->headed_base;
        if (SS_LIKELY(offset < SS_TAPE_MOST_BYTES)) { /* NULL lies beyond */
            SS_OPAQUE(block);
            pop(self, bin, top, size);
            ss_tape_write_allocated(tape, at, kind->call, offset, size);
            ss_thread_leave(self);
            return block;
        }
    }
    ss_thread_leave(self);
    return NULL;
}

static inline bool free_taped(void *block, ss_call call) {
    ss_thread *self = ss_thread_self();
    const uintptr_t offset = (uintptr_t)block - self->headed_base;
    if (SS_UNLIKELY(offset >= SS_TAPE_MOST_BYTES))
        return false;
    /* Relaxed: as in ss_bin_at. */
    const unsigned bin =
        atomic_load_explicit(&ss_headed_bins[offset >> SS_GRANULE_SHIFT], memory_order_relaxed);
    if (SS_UNLIKELY(bin == 0))
        return false;
    uint8_t *at;
    ss_tape *tape = enter(self, &at);
    if (SS_LIKELY(tape != NULL) && SS_LIKELY(ss_tape_may_free(tape, offset)) &&
        SS_LIKELY(push(self, bin, block))) {
        ss_tape_write_freed(tape, at, call, offset);
        ss_thread_leave(self);
        return true;
    }
    ss_thread_leave(self);
    return false;
}

static SS_NOINLINE void *malloc_taped_again(size_t size, const ss_malloc_kind *kind) {
    void *block = open_tape() ? malloc_taped(size, kind) : NULL;
    return block != NULL ? block : kind->rest(size, kind->call);
}

/* With the observer told of a call that the tape could not take. */
static SS_NOINLINE void free_taped_again(void *block, ss_call call, ss_rest_of_free *rest) {
    if (open_tape() && free_taped(block, call))
        return;
    ss_observe_freeing(call, block);
    if (!push_observed(block))
        rest(block, call);
}

void *ss_malloc_taped(size_t size, const ss_malloc_kind *kind) {
    void *block = malloc_taped(size, kind);
    return SS_LIKELY(block != NULL) ? block : malloc_taped_again(size, kind);
}

void ss_free_taped(void *block, ss_call call, ss_rest_of_free *rest) {
    if (SS_UNLIKELY(!free_taped(block, call)))
        free_taped_again(block, call, rest);
}
