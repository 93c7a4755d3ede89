/* A spinlock for critical sections of some tens of instructions that make no system call.
 *
 * The lock's word is its holder's token. By the token the child of a fork tells a lock of its own thread from one whose
 * holder does not exist in the child; it mends what the latter guards (fork.c).
 *
 * No lock is held across a fork. The forking thread waits for the C library's stdio locks, and threads hold those while
 * they allocate: if such a thread waited for a lock of the forking thread, both would wait for ever. */
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
    /* Acquire: pairs with the release in ss_lock_release, so this thread sees what the last holder wrote. */
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&lock->held, &none, ss_os_thread_token(),
                                                   memory_order_acquire, memory_order_relaxed);
}

/* The slow part of a wait: yields, later sleeps. The holder was preempted, or it does not exist because this process is
 * a copy in which no handler of fork has run; then mends the process (fork.c). */
void ss_lock_wait(unsigned spins);

enum { SS_LOCK_PAUSES = 64 }; /* pauses before the first ss_lock_wait */

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

/* Whether the calling thread holds the lock. Relaxed: no other thread writes this one's token. */
static inline bool ss_lock_is_mine(const ss_lock *lock) {
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == ss_os_thread_token();
}

/* In the child of a fork: releases the lock if a thread that is gone held it, and returns true. What the lock guards
 * may then be in the middle of a change. */
static inline bool ss_lock_inherit(ss_lock *lock) {
    bool lost =
        !ss_lock_is_mine(lock) && atomic_load_explicit(&lock->held, memory_order_relaxed) != 0;
    if (lost)
        ss_lock_release(lock);
    return lost;
}

/* Keeps the compiler from moving a store across this point. The child of a fork sees another thread's stores in the
 * order of its instructions. So a structure that is filled in before the one store that publishes it is whole in any
 * child, and so is a list that is linked that way. */
static inline void ss_lock_step(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

#endif
