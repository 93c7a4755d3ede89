/* Linux and macOS differ only in pinning. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#include <mach/mach.h>
#endif

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

void bench_idle(unsigned milliseconds) {
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

#ifndef __APPLE__
uint64_t bench_proc_bytes(const char *path, const char *field) {
    char text[4096];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *found = strstr(text, field);
    return found != NULL ? strtoull(found + strlen(field), NULL, 10) * 1024 : 0;
}

/* Not statm, whose counters lag behind by some pages a processor. */
uint64_t bench_resident_bytes(void) {
    return bench_proc_bytes("/proc/self/smaps_rollup", "\nRss:");
}
#else
uint64_t bench_resident_bytes(void) {
    mach_task_basic_info_data_t info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    return task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count) ==
                   KERN_SUCCESS
               ? info.resident_size
               : 0;
}
#endif

int bench_waiting_open(void) {
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* Three numbers: the time on a processor, the time of waiting for one, and the number of times it got one. */
uint64_t bench_waiting_read(int waiting) {
    char text[64];
    const ssize_t length = waiting >= 0 ? pread(waiting, text, sizeof text - 1, 0) : 0;
    text[length > 0 ? length : 0] = '\0';
    const char *second = strchr(text, ' ');
    return second != NULL ? strtoull(second, NULL, 10) : 0;
}

void bench_waiting_close(int waiting) {
    if (waiting >= 0)
        close(waiting);
}

#ifndef __APPLE__
bool bench_program_path(char *path, size_t bytes) {
    const ssize_t length = readlink("/proc/self/exe", path, bytes);
    if (length <= 0 || (size_t)length >= bytes)
        return false;
    path[length] = '\0';
    return true;
}
#else
bool bench_program_path(char *path, size_t bytes) {
    uint32_t room = (uint32_t)bytes;
    return _NSGetExecutablePath(path, &room) == 0;
}
#endif

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
