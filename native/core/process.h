/* One-time initialisation and the state that is the process's. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "types.h"

#define ss_process (&ss_process_state)

/* Sets errno to ENOMEM. Out of line: keeps errno's address out of the callers. */
void *ss_no_memory(void);

void ss_process_init_slow(void);

/* Every cold path begins with it; the hot ones find an empty heap first. */
static inline void ss_process_init(void) {
    /* Acquire: what init wrote is seen. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process_state.init_state, memory_order_acquire) != 2))
        ss_process_init_slow();
}

#endif
