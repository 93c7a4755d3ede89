#include "base/process.h"

#include "base/sealed.h"

ss_process_data ss_process_state;
/* Not in sealed.c: copy.c reads a pointer in it where a thread waits for a lock, and sealed.c takes a lock. */
ss_sealed ss_sealed_state;
_Atomic uintptr_t ss_headed_base = SS_NO_BASE;
_Atomic size_t ss_headed_end = 1; /* never 0: a bound of 0 closes a thread */

void ss_process_prepare(void) {
    ss_settings_read(&ss_process->settings);
    ss_class_init(ss_process->classes);
}

/* Relaxed: the figures are exact while nothing changes. */
void ss_counts_read(superslab_stats *out) {
    const struct ss_process_counts *counts = &ss_process->counts;
    out->metadata_bytes = ss_counted_metadata();
    out->reserved_bytes = atomic_load_explicit(&counts->reserved_bytes, memory_order_relaxed);
    out->given_back_bytes = atomic_load_explicit(&counts->given_back_bytes, memory_order_relaxed);
    out->guarded_reads = atomic_load_explicit(&counts->guarded_reads, memory_order_relaxed);
    out->foreign_frees = atomic_load_explicit(&counts->foreign_frees, memory_order_relaxed);
}

void *ss_no_memory(void) {
    errno = ENOMEM;
    return NULL;
}
