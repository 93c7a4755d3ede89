/* The system's figures of this process. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* The most memory the process ever had resident, in bytes; 0 when the system does not say. */
uint64_t bench_process_peak_rss(void);

/* Page faults so far that needed no reading from disk. */
uint64_t bench_process_minor_faults(void);

/* Processor time so far of all threads, in seconds. */
double bench_process_cpu_seconds(void);

#endif
