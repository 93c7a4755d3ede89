/* A spinlock biased towards the thread that takes it most often. That thread takes and releases it by plain stores.
 *
 * An atomic exchange waits until all earlier stores of its thread are done. If the program has just written to a new
 * block, those stores go to memory, and the wait is half of what a large block costs. So after SS_BIASED_STREAK takes
 * in a row by one thread, the heap of that thread becomes the lock's owner.
 *
 * The owner's thread stores the lock in its heap's `inside` and then loads `owner` again; only the compiler keeps this
 * order. Every other thread first revokes: it marks `owner`, has the system run a barrier on every running thread, and
 * waits until the owner is not inside. From then on the owner is outside, and it finds the mark before it is inside
 * again. No thread waits for another thread's system call: each thread that finds the mark runs a barrier itself.
 *
 * The idea is lock reservation (Kawachiya, Koseki and Onodera, OOPSLA 2002); the barrier is that of thread.h. */
#ifndef SS_BIASED_H
#define SS_BIASED_H

#include "base/lock.h"
#include "base/thread.h"

/* The owner's state, in the heap of its thread. A heap stays mapped for ever, so a thread that revokes may read it. */
typedef struct ss_biased_owner {
    /* The lock that the thread holds as its owner, or is about to hold if `owner` is not marked; else NULL. */
    _Atomic(struct ss_biased_lock *) inside;
} ss_biased_owner;

/* The fields of `owner`: the address of an ss_biased_owner, or 0; the mark; and a count of owners. By the count a
 * delayed thread notices that the lock went to other owners and back to the one it knew. */
#define SS_BIASED_MARK UINT64_C(1)
#define SS_BIASED_OWNER (((UINT64_C(1) << 48) - 1) & ~(uint64_t)(SS_CACHE_LINE - 1))
#define SS_BIASED_COUNT (UINT64_C(1) << 48)

typedef struct ss_biased_lock {
    _Atomic uint64_t owner;
    bool by_owner; /* written under the lock: its holder took it as the owner */
    ss_lock lock;  /* taken by all other threads */
    /* Written under the lock: the heap that last took it other than as its owner, and how many times in a row it has
     * done so again. */
    const ss_biased_owner *last;
    _Atomic uint32_t streak;
} ss_biased_lock;

/* Asks the system for the barrier; until then no lock gets an owner. While other threads run, the first barrier of a
 * process may take 30 ms on Linux, because the kernel waits until each processor has noted it. So this is called while
 * there is one thread, or by the background thread, and never by a thread that allocates. */
void ss_biased_prepare(void);

/* Whether ss_biased_prepare has found that the system has the barrier. */
bool ss_biased_able(void);

void ss_biased_take_slow(ss_biased_lock *lock, ss_biased_owner *self);

static inline bool ss_biased_owned(const ss_biased_lock *lock, const ss_biased_owner *self) {
    /* Relaxed: only this heap's thread stores the heap's address there. Other threads mark it, and their barrier orders
     * the mark: this thread sees it, or they see `inside`. */
    return (atomic_load_explicit(&lock->owner, memory_order_relaxed) & (SS_BIASED_COUNT - 1)) ==
           (uintptr_t)self;
}

static inline void ss_biased_take(ss_biased_lock *lock) {
    /* Relaxed: the pointer is NULL or the thread's own heap, and only `inside` of it is read, which no other thread
     * writes. The ss_biased_owner is the heap's first member (heap.h). */
    ss_biased_owner *self = (ss_biased_owner *)(void *)atomic_load_explicit(&ss_thread_self()->heap,
                                                                            memory_order_relaxed);
    /* Relaxed: only this thread writes `inside`. It is not NULL if the thread holds the lock of another space, or if a
     * signal handler has interrupted the thread inside this one. */
    if (SS_LIKELY(ss_biased_owned(lock, self) && self != NULL &&
                  atomic_load_explicit(&self->inside, memory_order_relaxed) == NULL)) {
        /* Release: a thread that waits until the owner has left another lock may read this value, and must see what
         * was done under that lock. */
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
        /* Release: a thread that revokes and reads this NULL (owner_wait) sees all that was done under the lock. */
        atomic_store_explicit(&self->inside, NULL, memory_order_release);
        return;
    }
    ss_lock_release(&lock->lock);
}

/* Has the system run a barrier on every running thread. If the system no longer does so, waits long enough for every
 * store to be visible. */
void ss_biased_barrier(void);

/* In the child of a fork: releases the lock if a thread that is gone held it. `mine` is the heap of the child's thread,
 * or NULL. The result is the state of what the lock guards. */
typedef enum ss_biased_state {
    SS_BIASED_WHOLE, /* no thread was changing it */
    SS_BIASED_MINE,  /* the child's thread holds the lock, and continues */
    SS_BIASED_TORN   /* another thread was in the middle of a change */
} ss_biased_state;
ss_biased_state ss_biased_inherit(ss_biased_lock *lock, const ss_biased_owner *mine);

/* Whether the owner's thread, which is the calling one, holds a lock as its owner or is about to. Relaxed: no other
 * thread writes it. */
static inline bool ss_biased_is_inside(const ss_biased_owner *self) {
    return atomic_load_explicit(&self->inside, memory_order_relaxed) != NULL;
}

/* Whether the calling thread holds the lock, but not as its owner. */
static inline bool ss_biased_is_mine(const ss_biased_lock *lock) {
    return ss_lock_is_mine(&lock->lock);
}

/* In the child of a fork, after all locks were mended: the thread of this owner is gone, and it may have had a lock or
 * have been taking one. */
static inline void ss_biased_forget(ss_biased_owner *owner) {
    atomic_store_explicit(&owner->inside, NULL, memory_order_relaxed);
}

#endif
