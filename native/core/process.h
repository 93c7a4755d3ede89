/* One-time initialisation and the state that is the process's. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "types.h"

#define ss_process (&ss_process_state)

/* The bin of the slab that the address lies in, 0 if it is in none of the first headed
 * space, which begins at `base`. */
static inline size_t ss_bin_at(uintptr_t base, const void *address) {
    /* Relaxed: whoever has a block got it, and with it the base and the entry, from its slab's owner; the
     * entry changes only while nobody has one. For a pointer that is no block any answer will do. */
    uintptr_t granule = ((uintptr_t)address - base) >> SS_GRANULE_SHIFT;
    return granule < SS_HEADED_GRANULES
               ? atomic_load_explicit(&ss_headed_bins[granule], memory_order_relaxed)
               : 0;
}

static inline size_t ss_headed_bin(const void *address) {
    return ss_bin_at(atomic_load_explicit(&ss_headed_base, memory_order_relaxed), address);
}

/* Sets errno to ENOMEM. Out of line: keeps errno's address out of the callers. */
void *ss_no_memory(void);

void ss_process_init_slow(void);

typedef enum ss_init_state { SS_INIT_NONE, SS_INIT_DONE } ss_init_state;

/* Every cold path begins with it; the hot ones find the thread closed first. */
static inline void ss_process_init(void) {
    /* Acquire: what init wrote is seen. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process_state.init_state, memory_order_acquire) !=
                    SS_INIT_DONE))
        ss_process_init_slow();
}

/* False while the system has refused what initialisation needs. */
static inline bool ss_process_ready(void) {
    ss_process_init();
    return atomic_load_explicit(&ss_process_state.init_state, memory_order_acquire) == SS_INIT_DONE;
}

#endif
