/* Whether the system can be asked for a thread without the C library's knowledge (thread_linux.c), or
 * the background thread is one of pthread's (thread_posix.c). A sanitizer must know of all threads. */
#ifndef SS_THREAD_RAW_H
#define SS_THREAD_RAW_H

#include "symbols_linux.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(SS_SANITIZED)
#define SS_THREAD_RAW 1
#endif

#endif
