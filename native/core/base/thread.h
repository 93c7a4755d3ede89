/* The calling thread, and the protocol that lets others flush its bins while it is outside.
 *
 * Every operation on a heap stores 1 to its thread's `busy`, then loads how far it may go (ss_thread,
 * below); when it is done it stores 0. Both are plain stores, in this order for the compiler alone. A thread
 * that wants to park another (park.c) closes it: it sets all those bounds to 0; has the system run a barrier
 * on every running thread, and then reads `busy`:
 *   0: the thread was outside at the barrier, and whatever it does next finds itself closed first.
 *      The heap belongs to the parker until it opens the thread again; the thread, should it wake,
 *      takes the cold path of a closed one and waits there.
 *   1: the thread may be anywhere inside, even preempted. It is opened again, nothing else.
 * The barrier is what makes the plain stores enough: without it the store of `busy` could pass the
 * loads of the bounds (Dekker's problem), with it that cannot happen across it. The idea is that of
 * asymmetric barriers (membarrier(2); liburcu). A second barrier before it is opened saves the hot paths an
 * order between a bound and what they load next. */
#ifndef SS_THREAD_H
#define SS_THREAD_H

#include "base/types.h"

struct ss_heap;

/* All that a thread has of its own, and all that its hot paths touch but slots and blocks. The protocol for
 * sleeping threads is in thread.h. */
typedef struct ss_thread {
    _Atomic uint8_t busy; /* 1 while the thread is inside an allocator function */
    /* How far the hot paths may go; all are 0 while the thread is closed: unborn, parked or ended. Bytes
     * of the first headed space whose memory may be read, and the sizes below which a bin and a step of
     * bin_of_step serve. */
    _Atomic size_t headed_end, small_end, tiny_end;
    uintptr_t headed_base;          /* of the process; here it takes no instruction to load it */
    _Atomic(struct ss_heap *) heap; /* its heap, or NULL while it is closed */
    struct ss_heap *assigned;       /* its heap whatever `heap` says; only this thread reads it */
    /* The bins' slots pushed last. A pop and a push touch one word here and the slots beside it. Only the
     * owner writes, or who has parked it; statistics read. */
    _Alignas(SS_CACHE_LINE) uint8_t bin_of_step[SS_TINY_STEPS];
    _Alignas(SS_CACHE_LINE) _Atomic(void **) top[SS_BIN_COUNT];
} ss_thread;

#if defined(__SANITIZE_THREAD__)
#define SS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SS_TSAN 1
#endif
#endif

/* Who finds itself open sees its bins as they are now: by the parker's second barrier. ThreadSanitizer, which
 * knows of none, has to be told. */
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

/* Where a thread's block is: behind a pointer, so that a library that is loaded late needs little of the reserve
 * of static TLS; until a thread has one it uses a closed one that all such threads share. */
#if defined(SUPERSLAB_TLS_DYNAMIC)
/* Where even that reserve is spent: behind a pthread key. */
ss_thread *ss_thread_self(void);
#elif defined(SUPERSLAB_TLS_BLOCK)
/* For what is there from the start: thread-local itself. */
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

/* The hot paths' way in: a bound that is not 0 must be seen next. */
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
    /* Release: a parker that reads this 0 sees the bins as they were left. */
    atomic_store_explicit(&self->busy, 0, memory_order_release);
}

/* Called by a parker, with thread_lock held. Open, the thread has `heap`. */
void ss_thread_close(ss_thread *thread);
void ss_thread_open(ss_thread *thread, struct ss_heap *heap);

/* Called outside, when a block lay behind the thread's headed_end. */
void ss_thread_raise_bound(void);

/* The calling thread's heap, NULL if it has none. */
struct ss_heap *ss_thread_assigned_heap(void);

/* First of all in a thread whose thread-local storage is zeroed rather than initialised: the scavenger. It stays
 * closed. */
void ss_thread_bare(void);

/* ---- birth and end, for the front layer ---- */

/* `own` of a thread that is getting its heap, and of one whose heap was taken at its end: both allocate without one.
 * Addresses to compare with, never followed. */
extern char ss_thread_in_birth SS_HIDDEN, ss_thread_after_end SS_HIDDEN;
#define SS_HEAP_IN_BIRTH ((struct ss_heap *)(void *)&ss_thread_in_birth)
#define SS_HEAP_AFTER_END ((struct ss_heap *)(void *)&ss_thread_after_end)

/* A block for the calling thread, which uses `self` so far: closed. NULL without memory. */
ss_thread *ss_thread_block_make(ss_thread *self);
/* Takes it away again: the thread is as it was before. */
void ss_thread_block_unmake(ss_thread *self);
/* At the thread's end: the thread is closed for good, and left. */
void ss_thread_block_end(ss_thread *self);

#endif
