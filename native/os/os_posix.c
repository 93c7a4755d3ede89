/* The functions that Linux and macOS share. */
#include "os.h"

#include "symbols_linux.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifndef __APPLE__
#include <sys/auxv.h>
#endif

/* ---- memory ---- */

size_t ss_os_page_bytes(void) {
    static _Atomic size_t bytes;
    size_t known = atomic_load_explicit(&bytes, memory_order_relaxed);
    if (known == 0) {
        known = (size_t)
            getpagesize(); /* sysconf touches pages of the C library that little else does */
        atomic_store_explicit(&bytes, known, memory_order_relaxed);
    }
    return known;
}

void ss_os_release(void *start, size_t bytes) {
    int saved = errno;
    munmap((char *)start - SS_OS_MARGIN_BYTES, bytes + 2 * SS_OS_MARGIN_BYTES);
    errno = saved;
}

bool ss_os_protect(void *start, size_t bytes) {
    int saved = errno;
    bool done = mprotect(start, bytes, PROT_READ) == 0;
    errno = saved;
    return done;
}

bool ss_os_permit(void *start, size_t bytes) {
    int saved = errno;
    bool done = mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    return done;
}

void ss_os_forbid(void *start, size_t bytes) {
    int saved = errno;
    if (mprotect(start, bytes, PROT_NONE) == 0)
        madvise(start, bytes, MADV_DONTNEED);
    errno = saved;
}

size_t ss_os_address_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return (size_t)limit.rlim_cur;
}

/* ---- threads ---- */

void ss_os_yield(void) {
    sched_yield();
}

static pthread_key_t exit_key;
static _Atomic bool exit_key_made;

bool ss_os_thread_exit_init(void (*destructor)(void *value)) {
    bool made = pthread_key_create(&exit_key, destructor) == 0;
    atomic_store_explicit(&exit_key_made, made, memory_order_release);
    return made;
}

bool ss_os_thread_exit_arm(void *value) {
    return atomic_load_explicit(&exit_key_made, memory_order_acquire) &&
           pthread_setspecific(exit_key, value) == 0;
}

void *ss_os_thread_exit_value(void) {
    return atomic_load_explicit(&exit_key_made, memory_order_acquire)
               ? pthread_getspecific(exit_key)
               : NULL;
}

uintptr_t ss_os_thread_token_call(void) {
    return (uintptr_t)pthread_self();
}

_Static_assert(sizeof(sigset_t) <= sizeof(ss_os_signals), "it holds one");

void ss_os_signals_block(ss_os_signals *before) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all,
                (sigset_t *)(void *)before); /* the thread's on every system here */
}

void ss_os_signals_restore(const ss_os_signals *before) {
    sigprocmask(SIG_SETMASK, (const sigset_t *)(const void *)before, NULL);
}

void ss_os_fork_init(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    pthread_atfork(prepare, parent, child);
}

/* ---- process ---- */

/* Set by the kernel for a program that is setuid, setgid or has file capabilities. Its caller chose the
 * environment. */
static bool has_more_rights_than_its_caller(void) {
#ifdef __APPLE__
    return issetugid() != 0;
#else
    return getauxval(AT_SECURE) != 0;
#endif
}

const char *ss_os_environment(const char *name) {
    return has_more_rights_than_its_caller() ? NULL : getenv(name);
}

uint32_t ss_os_process_id(void) {
    return (uint32_t)getpid();
}

uint64_t ss_os_time_nanoseconds(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t ss_os_clock_nanoseconds(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void ss_os_write_error(const char *text, size_t bytes) {
    int saved = errno;
    while (bytes != 0) {
        ssize_t wrote = write(STDERR_FILENO, text, bytes);
        if (wrote <= 0) {
            if (wrote < 0 && errno == EINTR)
                continue;
            break;
        }
        text += wrote;
        bytes -= (size_t)wrote;
    }
    errno = saved;
}

_Noreturn void ss_os_abort(void) {
    abort();
}
