/* What the workloads need from the system, except threads. */
#ifndef BENCH_PLATFORM_H
#define BENCH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A monotonic clock, in nanoseconds. Reading it is no system call. */
uint64_t bench_clock_nanoseconds(void);

/* Lets another thread run. */
void bench_yield(void);

/* Keeps the calling thread on one processor, the index-th (modulo their number) it may run on. Does
 * nothing where the system has no such call (macOS). */
void bench_thread_pin(unsigned index);

/* Tells the processor that this is a waiting loop. */
static inline void bench_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* A system call without effect that a tracer recognises: a write of `text` to descriptor
 * -1. strace shows 32 characters of it. */
void bench_marker(const char *text);

/* Sleeps; no thread of the caller's calls the allocator meanwhile. */
void bench_idle(unsigned milliseconds);

/* On Linux, the kilobytes after `field` in a file of /proc, as bytes; 0 if it is not there. Read without stdio, which
 * would allocate. */
uint64_t bench_proc_bytes(const char *path, const char *field);

/* Bytes of this process that are resident now, exactly; 0 where the system does not say. */
uint64_t bench_resident_bytes(void);

/* A descriptor by which the calling thread reads the time for which it was ready while another thread ran, in
 * nanoseconds since its start. The figure is always 0 where the system does not say. */
int bench_waiting_open(void);
uint64_t bench_waiting_read(int waiting);
void bench_waiting_close(int waiting);

/* The file of the running program; false where it does not fit or the system does not say. */
bool bench_program_path(char *path, size_t bytes);

/* Zeroed memory straight from the system, already resident; NULL when there is none. At least one
 * byte. */
void *bench_pages_take(size_t bytes);
void bench_pages_give(void *pages, size_t bytes);

#endif
