/* Chooses between a background thread that the C library does not know (thread_linux.c) and one of pthread's
 * (thread_posix.c). A sanitizer must know all threads. */
#ifndef SS_THREAD_RAW_H
#define SS_THREAD_RAW_H

#include "symbols_linux.h"

/* musl's pthread_getspecific, by which the core finds its thread record in that build, follows a pointer in the
 * descriptor. There the core is an addon's and does not serve malloc, so a thread of pthread's does no harm. */
#if defined(SUPERSLAB_TLS_DYNAMIC) && !defined(__GLIBC__)
#define SS_THREAD_KNOWN 1
#endif

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) &&                         \
    !defined(SS_SANITIZED) && !defined(SS_THREAD_KNOWN)
#define SS_THREAD_RAW 1
#endif

#endif
