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

#include "base/lock.h"
#include "base/thread.h"

/* What the owner of a lock has: in the heap of its thread. A heap stays mapped for ever. */
typedef struct ss_biased_owner {
    /* The lock that its thread is inside of as the owner, or about to find that it is not. */
    _Atomic(struct ss_biased_lock *) inside;
} ss_biased_owner;

/* Of `owner`: the address of an ss_biased_owner, or 0; the mark; and a count of owners, by which a thread that was
 * delayed notices that the lock went from this owner to others and back. */
#define SS_BIASED_MARK UINT64_C(1)
#define SS_BIASED_OWNER (((UINT64_C(1) << 48) - 1) & ~(uint64_t)(SS_CACHE_LINE - 1))
#define SS_BIASED_COUNT (UINT64_C(1) << 48)

typedef struct ss_biased_lock {
    _Atomic uint64_t owner;
    bool by_owner; /* under the lock: taken by the thread of its owner */
    ss_lock lock;  /* the other threads' */
    /* Written under the lock: which heap took it last but as its owner, and how often in a row. */
    const ss_biased_owner *last;
    _Atomic uint32_t streak;
} ss_biased_lock;

/* Whether the system has the barrier, asked the first time. */
bool ss_biased_able(void);

void ss_biased_take_slow(ss_biased_lock *lock, ss_biased_owner *self);

static inline bool ss_biased_owned(const ss_biased_lock *lock, const ss_biased_owner *self) {
    /* Relaxed: what is found there is this thread's own, or the barrier has brought the mark. */
    return (atomic_load_explicit(&lock->owner, memory_order_relaxed) & (SS_BIASED_COUNT - 1)) ==
           (uintptr_t)self;
}

static inline void ss_biased_take(ss_biased_lock *lock) {
    /* Relaxed: no other heap than the thread's own is ever there, and of it only `inside` is read, which this thread
     * alone writes. It is the heap's first member (heap.h). */
    ss_biased_owner *self = (ss_biased_owner *)(void *)atomic_load_explicit(&ss_thread_self()->heap,
                                                                            memory_order_relaxed);
    /* Relaxed: its own. It may be inside of another space's lock, or a signal's handler of this one's. */
    if (SS_LIKELY(ss_biased_owned(lock, self) && self != NULL &&
                  atomic_load_explicit(&self->inside, memory_order_relaxed) == NULL)) {
        /* Release: a thread that waits for it to leave another lock may find this one. */
        atomic_store_explicit(&self->inside, lock, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
        if (SS_LIKELY(ss_biased_owned(lock, self))) {
            lock->by_owner = true;
            return;
        }
        atomic_store_explicit(&self->inside, NULL, memory_order_release);
    }
    ss_biased_take_slow(lock, self);
}

static inline void ss_biased_release(ss_biased_lock *lock) {
    if (SS_LIKELY(lock->by_owner)) {
        ss_biased_owner *self =
            (ss_biased_owner *)(uintptr_t)(atomic_load_explicit(&lock->owner,
                                                                memory_order_relaxed) &
                                           SS_BIASED_OWNER);
        /* Release: a thread that revokes and reads this sees all that was done inside. */
        atomic_store_explicit(&self->inside, NULL, memory_order_release);
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
    SS_BIASED_MINE,  /* the child's thread has it, and goes on */
    SS_BIASED_TORN   /* another thread was in the middle of a change */
} ss_biased_state;
ss_biased_state ss_biased_inherit(ss_biased_lock *lock, const ss_biased_owner *own);

#endif
