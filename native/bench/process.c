#include "process.h"

#include "platform.h"

#include <sys/resource.h>

#ifndef __APPLE__
/* Not getrusage: its figure survives execve, so that a process started by a large parent reports its
 * parent's memory. */
uint64_t bench_process_peak_rss(void) {
    return bench_proc_bytes("/proc/self/status", "VmHWM:");
}
#else
uint64_t bench_process_peak_rss(void) {
    struct rusage usage;
    /* Bytes on macOS, and of this program alone. */
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss : 0;
}
#endif

uint64_t bench_process_minor_faults(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_minflt : 0;
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

double bench_process_cpu_seconds(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0
               ? seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)
               : 0;
}
