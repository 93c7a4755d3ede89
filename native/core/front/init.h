/* One-time initialisation. */
#ifndef SS_INIT_H
#define SS_INIT_H

#include "base/process.h"

void ss_process_init_slow(void);

/* Every cold path calls it first. Hot paths need not: until then they find the thread closed. */
static inline void ss_process_init(void) {
    /* Acquire: what initialisation wrote is seen. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process->life.init_state, memory_order_acquire) !=
                    SS_INIT_DONE))
        ss_process_init_slow();
}

/* False while the system has refused what initialisation needs. */
static inline bool ss_process_ready(void) {
    ss_process_init();
    return atomic_load_explicit(&ss_process->life.init_state, memory_order_acquire) == SS_INIT_DONE;
}

#endif
