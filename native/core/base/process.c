#include "base/process.h"

#include "base/sealed.h"

ss_process_data ss_process_state;
/* Not in sealed.c: copy.c reads a pointer in it where a thread waits for a lock, and sealed.c takes a lock. */
ss_sealed ss_sealed_state;
_Atomic uintptr_t ss_headed_base = SS_NO_BASE;
_Atomic size_t ss_headed_end = 1; /* never 0: a bound of 0 closes a thread */

void *ss_no_memory(void) {
    errno = ENOMEM;
    return NULL;
}
