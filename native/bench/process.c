#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC, under -std=c11 too */
#endif

#include "process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef __APPLE__
/* Not getrusage: its figure survives execve, so that a process started by a large parent reports its
 * parent's memory. Read without stdio, which would allocate. */
static uint64_t bench_process_status_kib(const char *field) {
    char text[4096];
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *found = strstr(text, field);
    return found != NULL ? strtoull(found + strlen(field), NULL, 10) : 0;
}

uint64_t bench_process_peak_rss(void) {
    return bench_process_status_kib("VmHWM:") * 1024;
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
