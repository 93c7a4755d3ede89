/* Linux and macOS agree on all but pinning. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_clock_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_yield(void) {
    sched_yield();
}

#ifdef __linux__
void bench_thread_pin(unsigned index) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    unsigned left = index % (unsigned)CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || left-- != 0)
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}
#else
void bench_thread_pin(unsigned index) {
    (void)index;
}
#endif

void bench_marker(const char *text) {
    ssize_t written = write(-1, text, strlen(text));
    (void)written;
}

void *bench_pages_take(size_t bytes) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    /* Faults the pages in now rather than in the timed part; the volatile pointer keeps the
     * compiler from seeing that they are zero already. */
    volatile unsigned char *byte = pages;
    for (size_t i = 0; i < bytes; i += 4096)
        byte[i] = 0;
    return pages;
}

void bench_pages_give(void *pages, size_t bytes) {
    if (pages != NULL)
        munmap(pages, bytes);
}
