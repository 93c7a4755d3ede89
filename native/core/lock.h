/* A spinlock for critical sections of some tens of instructions that make no system call. */
#ifndef SS_LOCK_H
#define SS_LOCK_H

#include "os/os.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct ss_lock {
    _Atomic uint32_t held;
} ss_lock;

static inline bool ss_lock_try(ss_lock *lock) {
    /* Acquire: what the last holder wrote is seen. */
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

static inline void ss_lock_spin(unsigned spins) {
    if (spins < 64)
        ss_os_pause();
    else
        ss_os_yield(); /* the holder was preempted */
}

static inline void ss_lock_take(ss_lock *lock) {
    for (unsigned spins = 0; !ss_lock_try(lock); spins++)
        ss_lock_spin(spins);
}

static inline void ss_lock_release(ss_lock *lock) {
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

#endif
