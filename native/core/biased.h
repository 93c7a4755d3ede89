/* A spinlock biased towards the thread that takes it most, which takes and releases it with plain stores.
 *
 * An atomic exchange waits until the stores before it are done. Where a program has just written to a new
 * block, those go to memory, and that wait is half of what a large block costs. So the heap of a thread that
 * has taken the lock often, with nobody else in between, is made its owner. The owner's thread notes the lock
 * in its heap's `inside` and then looks at `owner` again, in this order for the compiler alone. Every other
 * thread first revokes: it marks `owner`, has the system run a barrier on every running thread, and waits
 * until the owner is not inside. Then the owner is outside, and finds the mark before it is inside again.
 * Nobody waits for another's system call: whoever meets the mark runs a barrier of his own. The idea is that
 * of lock reservation (Kawachiya, Koseki and Onodera, OOPSLA 2002), the barrier that of thread.h. */
#ifndef SS_BIASED_H
#define SS_BIASED_H

#include "thread.h"

/* Whether the system has the barrier, asked the first time. */
bool ss_biased_able(void);

void ss_biased_take_slow(ss_biased_lock *lock, ss_heap *heap);

static inline bool ss_biased_owned(const ss_biased_lock *lock, const ss_heap *heap) {
    /* Relaxed: what is found there is this thread's own, or the barrier has brought the mark. */
    return (atomic_load_explicit(&lock->owner, memory_order_relaxed) & (SS_BIASED_COUNT - 1)) ==
           (uintptr_t)heap;
}

static inline void ss_biased_take(ss_biased_lock *lock) {
    /* Relaxed: no other heap than its own is ever there, and of it only `inside` is read, which
     * this thread alone writes. */
    ss_heap *heap = atomic_load_explicit(&ss_thread_self()->heap, memory_order_relaxed);
    /* Relaxed: its own. It may be inside of another space's lock, or a signal's handler of this one's. */
    if (SS_LIKELY(ss_biased_owned(lock, heap) && heap != NULL &&
                  atomic_load_explicit(&heap->inside, memory_order_relaxed) == NULL)) {
        /* Release: who waits for it to leave another lock may find this one. */
        atomic_store_explicit(&heap->inside, lock, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
        if (SS_LIKELY(ss_biased_owned(lock, heap))) {
            lock->by_owner = true;
            return;
        }
        atomic_store_explicit(&heap->inside, NULL, memory_order_release);
    }
    ss_biased_take_slow(lock, heap);
}

static inline void ss_biased_release(ss_biased_lock *lock) {
    if (SS_LIKELY(lock->by_owner)) {
        ss_heap *heap =
            (ss_heap *)(uintptr_t)(atomic_load_explicit(&lock->owner, memory_order_relaxed) &
                                   SS_BIASED_HEAP);
        /* Release: who revokes and reads this sees all that was done inside. */
        atomic_store_explicit(&heap->inside, NULL, memory_order_release);
        return;
    }
    ss_lock_release(&lock->lock);
}

/* Has the system run a barrier on every thread, or waits so long that every store is seen, where it once did and
 * no longer does. */
void ss_biased_barrier(void);

/* In a child, whose thread has the heap `own`, or none: the lock is free of the threads that are gone. */
typedef enum ss_biased_state {
    SS_BIASED_WHOLE, /* nobody had it */
    SS_BIASED_OWN,   /* the child's thread has it, and goes on */
    SS_BIASED_TORN   /* another thread was in the middle of a change */
} ss_biased_state;
ss_biased_state ss_biased_inherit(ss_biased_lock *lock, const ss_heap *own);

#endif
