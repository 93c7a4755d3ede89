/* The calling thread, and the protocol that lets others flush the bins of a thread that sleeps.
 *
 * Every operation on a heap stores 1 to its thread's `busy`, then loads its thread's `heap`; when it
 * is done it stores 0. Both are plain stores, in this order for the compiler alone. A thread that
 * wants to park another (park.c) points its `heap` at the empty heap, has the system run a barrier on
 * every running thread, and then reads `busy`:
 *   0: the thread was outside at the barrier, and whatever it does next finds the empty heap first.
 *      The heap belongs to the parker until it puts the pointer back; the thread, should it wake,
 *      takes the cold path of the empty heap and waits there.
 *   1: the thread may be anywhere inside, even preempted. The pointer is put back, nothing else.
 * The barrier is what makes the plain stores enough: without it the store of `busy` could pass the
 * load of `heap` (Dekker's problem), with it that cannot happen across it. The idea is that of
 * asymmetric barriers (membarrier(2); liburcu). */
#ifndef SS_THREAD_H
#define SS_THREAD_H

#include "types.h"

#if defined(__SANITIZE_THREAD__)
#define SS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SS_TSAN 1
#endif
#endif

/* The load of `heap` must be ordered before what is read through it. The dependency does that on
 * every machine; ThreadSanitizer has to be told. */
#ifdef SS_TSAN
#define SS_ORDER_DEPENDENT memory_order_acquire
#else
#define SS_ORDER_DEPENDENT memory_order_relaxed
#endif

#ifdef SUPERSLAB_TLS_DYNAMIC
/* For a process whose reserve of static TLS is spent: the block hangs off a pthread key. Until a
 * thread has one it uses a block that all such threads share and that never leads to a heap. */
ss_thread *ss_thread_self(void);
#else
#ifdef __ELF__
#define SS_TLS_MODEL __attribute__((tls_model("initial-exec"), visibility("hidden")))
#else
#define SS_TLS_MODEL __attribute__((visibility("hidden")))
#endif
extern _Thread_local ss_thread ss_thread_block SS_TLS_MODEL;
static inline ss_thread *ss_thread_self(void) {
    return &ss_thread_block;
}
#endif

/* Enters the allocator. The heap is this thread's alone until ss_thread_leave. */
static inline ss_heap *ss_thread_enter(ss_thread *self) {
    atomic_store_explicit(&self->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return atomic_load_explicit(&self->heap, SS_ORDER_DEPENDENT);
}

static inline void ss_thread_leave(ss_thread *self) {
    /* Release: a parker that reads this 0 sees the bins as they were left. */
    atomic_store_explicit(&self->busy, 0, memory_order_release);
}

/* Called inside, when the hot path found nothing: the thread's own heap, made if it has none yet,
 * waited for if it is parked. NULL for a thread that is ending or when there is no memory for a heap:
 * it then allocates without one. *self may change to the block of a thread that had none. */
ss_heap *ss_thread_heap(ss_thread **self);

void ss_thread_init(void);

#endif
