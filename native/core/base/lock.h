/* A spinlock for critical sections of some tens of instructions that make no system call.
 *
 * It holds the token of the thread that has it. So the child of a fork tells a lock that its own thread had from
 * one whose holder it does not have, in which case it mends what the lock guards: fork.c. No lock is held across
 * a fork, for a thread must never wait for the one that forks: that one waits for the C library's stdio locks, which
 * threads hold while they allocate. */
#ifndef SS_LOCK_H
#define SS_LOCK_H

#include "os/os.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct ss_lock {
    _Atomic uintptr_t held; /* the holder's token, 0 for none */
} ss_lock;

static inline bool ss_lock_try(ss_lock *lock) {
    uintptr_t none = 0;
    /* Acquire: what the last holder wrote is seen. */
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&lock->held, &none, ss_os_thread_token(),
                                                   memory_order_acquire, memory_order_relaxed);
}

/* For long: the holder was preempted, or this process is a copy that no handler of fork knows of, and has no
 * such thread: fork.c. */
void ss_lock_wait(unsigned spins);

enum { SS_LOCK_PAUSES = 64 }; /* before the first of those */

static inline void ss_lock_spin(unsigned spins) {
    if (spins < SS_LOCK_PAUSES)
        ss_os_pause();
    else
        ss_lock_wait(spins);
}

static inline void ss_lock_take(ss_lock *lock) {
    for (unsigned spins = 0; !ss_lock_try(lock); spins++)
        ss_lock_spin(spins);
}

static inline void ss_lock_release(ss_lock *lock) {
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

/* Whether the calling thread has it. Relaxed: no other thread writes this one's token. */
static inline bool ss_lock_is_mine(const ss_lock *lock) {
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == ss_os_thread_token();
}

/* In a child, of a lock that its thread does not have: releases it. True if a thread that is gone had it: what it
 * guards is as that thread left it in the middle of a change. */
static inline bool ss_lock_inherit(ss_lock *lock) {
    bool lost =
        !ss_lock_is_mine(lock) && atomic_load_explicit(&lock->held, memory_order_relaxed) != 0;
    if (lost)
        ss_lock_release(lock);
    return lost;
}

/* Keeps the compiler from moving a store across. A child sees what another thread stored in the order of that
 * thread's instructions: so a structure that is filled in before the one store that makes it known is whole in any
 * child, and a list that is linked so is, too. */
static inline void ss_lock_step(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

#endif
