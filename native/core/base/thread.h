/* The calling thread's record, and the protocol by which another thread flushes its bins while it is outside.
 *
 * Every operation on a heap stores 1 to its thread's `busy`, then loads its bounds (ss_thread, below). When it is done
 * it stores 0. Both are plain stores; only the compiler keeps the order of the first one and the loads. A thread that
 * parks another one (park.c) closes it by setting all bounds to 0, has the system run a barrier on every running
 * thread, and then reads `busy`:
 *   0: the thread was outside at the barrier, and its next operation will find it closed. The heap belongs to the
 *      parker until the parker opens the thread again. If the thread wakes meanwhile, it takes the cold path of a
 *      closed thread and waits there.
 *   1: the thread may be anywhere inside, even preempted. The parker only opens it again.
 *
 * The barrier makes plain stores enough. Without it the store of `busy` could become visible after the loads of the
 * bounds (Dekker's problem); across the barrier it cannot. A second barrier, before the parker opens the thread, saves
 * the hot paths an order between the load of a bound and the loads that follow it. The idea is that of asymmetric
 * barriers (membarrier(2); liburcu). */
#ifndef SS_THREAD_H
#define SS_THREAD_H

#include "base/types.h"

struct ss_heap;

/* A thread record: all that its hot paths touch, except slots and blocks. */
typedef struct ss_thread {
    _Atomic uint8_t busy; /* 1 while the thread is inside an allocator function */
    /* Whether its heap counts (count.h). Written under the heap's thread_lock, or while no parker knows of the thread. */
    _Atomic bool counts;
    /* The calls that the thread still lets pass before one is guarded, and 1; 0: it is not asked for one (guard/due.h). Set
     * under the heap's thread_lock; counted down by the thread. */
    _Atomic uint16_t asked;
    /* The bounds of the hot paths: the bytes of the first headed space that may be read, and the sizes below which a
     * bin or an entry of bin_of_size serves a request, and below which an entry serves it after it was counted. All are 0
     * while the thread is closed (before its heap exists, while it is parked, after its end), while there is an observer,
     * and until the thread's heap counts if it is to. counted_end is 0 unless the heap counts, and then the other two
     * are; all three are 0 while the thread is asked for a guarded block. */
    _Atomic size_t headed_end, small_end, tiny_end, counted_end;
    uintptr_t headed_base;          /* ss_headed_base: here no instruction is needed to load it */
    _Atomic(struct ss_heap *) heap; /* its heap, or NULL while it is closed */
    struct ss_heap *assigned;       /* its heap, closed or not; only this thread reads it */
    /* The bin of each request below SS_TINY_END, by its size. With an entry for each 16 bytes the hot path would have to
     * divide, and a request of no bytes would have a bin that others use. */
    _Alignas(SS_CACHE_LINE) uint8_t bin_of_size[SS_TINY_END];
    /* The slot of each bin that was pushed last. A pop or a push touches one word here, and slots beside the one it
     * points to. Written by the thread, or by the parker while it is parked; statistics read it. */
    _Alignas(SS_CACHE_LINE) _Atomic(void **) top[SS_BIN_COUNT];
    /* While the heap counts: the bytes that the thread may still ask for before the next sample. Negative: the request
     * that made it so is to be sampled. */
    int64_t left;
} ss_thread;
_Static_assert(offsetof(ss_thread, assigned) + sizeof(struct ss_heap *) <= SS_CACHE_LINE,
               "what each call reads before it knows its bin is one cache line");
_Static_assert(offsetof(ss_thread, bin_of_size) == SS_CACHE_LINE, "the table is on the next ones");

#if defined(__SANITIZE_THREAD__)
#define SS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SS_TSAN 1
#endif
#endif

/* A thread that finds itself open sees its bins as the parker left them, by the parker's second barrier.
 * ThreadSanitizer does not know barriers, so its builds have a release and an acquire in its place. */
#if defined(SS_TSAN) && !defined(SS_KNOWS_BARRIERS)
#define SS_ORDER_OPEN memory_order_release
#define SS_ORDER_IS_OPEN memory_order_acquire
#else
#define SS_ORDER_OPEN memory_order_relaxed
#define SS_ORDER_IS_OPEN memory_order_relaxed
#endif

#ifdef __ELF__
#define SS_TLS_MODEL __attribute__((tls_model("initial-exec"), visibility("hidden")))
#else
#define SS_TLS_MODEL __attribute__((visibility("hidden")))
#endif

/* Where a thread's record is. In a library that is loaded late it is behind a thread-local pointer, which takes little
 * of the reserve of static TLS. Until a thread has a record, it uses a closed one that all such threads share. */
#if defined(SUPERSLAB_TLS_DYNAMIC)
/* For a process whose reserve is used up: behind a pthread key. */
ss_thread *ss_thread_self(void);
#elif defined(SUPERSLAB_TLS_BLOCK)
/* For the preload library and programs, which are there from the start: the record itself is thread-local. */
extern _Thread_local ss_thread ss_thread_block SS_TLS_MODEL;
static inline ss_thread *ss_thread_self(void) {
    return &ss_thread_block;
}
#else
extern _Thread_local ss_thread *ss_thread_pointer SS_TLS_MODEL;
static inline ss_thread *ss_thread_self(void) {
    return ss_thread_pointer;
}
#endif

/* How the hot paths enter the allocator. The thread is inside only if it then loads a bound that is not 0. */
static inline void ss_thread_mark(ss_thread *self) {
    atomic_store_explicit(&self->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

/* Enters the allocator. The heap is this thread's alone until ss_thread_leave; NULL if it is closed. */
static inline struct ss_heap *ss_thread_enter(ss_thread *self) {
    ss_thread_mark(self);
    return atomic_load_explicit(&self->heap, SS_ORDER_IS_OPEN);
}

static inline void ss_thread_leave(ss_thread *self) {
    /* Release: a parker that acquires this 0 sees the bins as the thread left them. */
    atomic_store_explicit(&self->busy, 0, memory_order_release);
}

/* Whether a thread is outside the allocator. For a parker after its first barrier: the thread then stays outside, because
 * it finds itself closed. */
static inline bool ss_thread_is_outside(const ss_thread *thread) {
    /* Acquire: pairs with the release in ss_thread_leave. With a 0 this thread sees the bins as they were left. */
    return atomic_load_explicit(&thread->busy, memory_order_acquire) == 0;
}

/* ---- the table of sizes ----
 * The sizes of one step of 16 bytes have one bin, except that no bytes have SS_BIN_EMPTY. */

static inline unsigned ss_thread_step_bin(const ss_thread *thread, size_t step) {
    return thread->bin_of_size[step * SS_ALIGNMENT + SS_ALIGNMENT - 1 - SS_TRAILER_BYTES];
}

static inline void ss_thread_step_set(ss_thread *thread, size_t step, unsigned bin) {
    unsigned i = step == 0;
    if (SS_HARDENED && step == 0)
        i += SS_TRAILER_BYTES;
    for (; i < SS_ALIGNMENT; i++)
        thread->bin_of_size[step * SS_ALIGNMENT + i - SS_TRAILER_BYTES] = (uint8_t)bin;
}

/* Closes a thread; opens it with `heap`. Called by a parker with the heap's thread_lock held, and by the thread itself
 * while no parker knows of it. */
void ss_thread_close(ss_thread *thread);
void ss_thread_open(ss_thread *thread, struct ss_heap *heap);

/* Asks an open thread for a guarded block: its mallocs end in their cold paths. Called with the heap's thread_lock held, and
 * by the thread itself while no parker knows of it. */
void ss_thread_ask(ss_thread *thread, uint16_t calls);

/* Sets the thread's headed_end to what is committed now. Called outside the allocator if a block lies beyond it. */
void ss_thread_raise_bound(void);

/* The calling thread's heap, NULL if it has none. */
struct ss_heap *ss_thread_assigned_heap(void);

/* The first call in a thread whose thread-local storage is zeroed, not initialised: the scavenger. It stays closed. */
void ss_thread_bare(void);

/* ---- birth and end, for the front layer ---- */

/* `assigned` of a thread that is getting its heap, and of one whose heap was taken at its end. Both allocate without a
 * heap. These addresses are compared and never followed. */
extern char ss_thread_in_birth SS_HIDDEN, ss_thread_after_end SS_HIDDEN;
#define SS_HEAP_IN_BIRTH ((struct ss_heap *)(void *)&ss_thread_in_birth)
#define SS_HEAP_AFTER_END ((struct ss_heap *)(void *)&ss_thread_after_end)

/* Gives the calling thread, which uses `self` so far, a record: it is closed. NULL if there is no memory. */
ss_thread *ss_thread_block_make(ss_thread *self);
/* Undoes ss_thread_block_make. */
void ss_thread_block_unmake(ss_thread *self);
/* At the end of the closed thread: drops its record. The thread stays closed and has left the allocator. */
void ss_thread_block_end(ss_thread *self);

#endif
