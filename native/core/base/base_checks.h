/* Conditions on locks and on a closed thread, for SS_CHECK. */
#ifndef SS_BASE_CHECKS_H
#define SS_BASE_CHECKS_H

#include "base/biased.h"
#include "base/checks.h"

/* Whether the calling thread holds the lock, as its owner or not. Relaxed: a thread's token and its `inside` are
 * written by that thread alone. */
static inline bool ss_check_held(const ss_biased_lock *lock) {
    const uint64_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    const ss_biased_owner *self = (const ss_biased_owner *)(uintptr_t)(owner & SS_BIASED_OWNER);
    if (self != NULL && (const void *)self == ss_thread_self()->assigned &&
        atomic_load_explicit(&self->inside, memory_order_relaxed) == lock)
        return true;
    return ss_biased_is_mine(lock);
}

/* Whether a thread that is outside finds itself closed whatever it does next. Relaxed: the caller, which parked the
 * thread, wrote all four words, and no other thread opens it. */
static inline bool ss_check_closed(ss_thread *thread) {
    return atomic_load_explicit(&thread->heap, memory_order_relaxed) == NULL &&
           atomic_load_explicit(&thread->headed_end, memory_order_relaxed) == 0 &&
           atomic_load_explicit(&thread->small_end, memory_order_relaxed) == 0 &&
           atomic_load_explicit(&thread->tiny_end, memory_order_relaxed) == 0;
}

#endif
