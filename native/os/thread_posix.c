/* The background thread as a thread of the C library. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "os.h"

#include "thread_raw.h"

#ifndef SS_THREAD_RAW

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { STACK_BYTES = 256 << 10 };

static void (*thread_run)(void);
static _Atomic bool alive;

static void *thread_main(void *name) {
#ifdef __APPLE__
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
    thread_run();
    /* Release: the thread that starts the next one sees the writes of this one. */
    atomic_store_explicit(&alive, false, memory_order_release);
    return NULL;
}

bool ss_os_thread_start(void (*run)(void), const char *name) {
    int saved = errno;
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    while (atomic_load_explicit(&alive, memory_order_acquire))
        ss_os_yield();
    thread_run = run;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    atomic_store_explicit(&alive, true, memory_order_relaxed);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, &attributes, thread_main, (void *)(uintptr_t)name) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        atomic_store_explicit(&alive, false, memory_order_relaxed);
    pthread_attr_destroy(&attributes);
    errno = saved;
    return started;
}

bool ss_os_thread_gone(void) {
    return !atomic_load_explicit(&alive, memory_order_acquire);
}

void ss_os_thread_forget(void) {
    atomic_store_explicit(&alive, false, memory_order_relaxed);
}

#endif
