/* One-time initialisation and the state that is the process's. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "types.h"

#define ss_process (&ss_process_state)

/* Whether the address lies in the first headed space: the hot test. */
static inline bool ss_is_headed(const void *address) {
    /* Acquire: whoever sees the length sees the base, which is stored before it. */
    size_t bytes = atomic_load_explicit(&ss_process_state.headed_bytes, memory_order_acquire);
    return (uintptr_t)address -
               atomic_load_explicit(&ss_process_state.headed_base, memory_order_relaxed) <
           bytes;
}

/* Sets errno to ENOMEM. Out of line: keeps errno's address out of the callers. */
void *ss_no_memory(void);

void ss_process_init_slow(void);

/* Every cold path begins with it; the hot ones find an empty heap first. */
static inline void ss_process_init(void) {
    /* Acquire: what init wrote is seen. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process_state.init_state, memory_order_acquire) != 2))
        ss_process_init_slow();
}

/* False while the system has refused what initialisation needs. */
static inline bool ss_process_ready(void) {
    ss_process_init();
    return atomic_load_explicit(&ss_process_state.init_state, memory_order_acquire) == 2;
}

#endif
