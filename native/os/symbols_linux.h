/* Binds to the oldest versions of symbols that glibc 2.34 moved into libc.so and gave new ones, so that
 * a binary built on a new system loads on one with glibc 2.28. Include it in each file that calls one of them.
 *
 * Not under a sanitizer: its runtime replaces these functions by their plain names. */
#ifndef SS_SYMBOLS_LINUX_H
#define SS_SYMBOLS_LINUX_H

#if __has_include(<features.h>)
#include <features.h>
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SS_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SS_SANITIZED)
#if defined(__x86_64__)
#define SS_GLIBC_FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define SS_GLIBC_FIRST "GLIBC_2.17"
#endif
#ifdef SS_GLIBC_FIRST
__asm__(".symver pthread_create,pthread_create@" SS_GLIBC_FIRST);
__asm__(".symver pthread_join,pthread_join@" SS_GLIBC_FIRST);
__asm__(".symver pthread_key_create,pthread_key_create@" SS_GLIBC_FIRST);
__asm__(".symver pthread_setspecific,pthread_setspecific@" SS_GLIBC_FIRST);
__asm__(".symver pthread_getspecific,pthread_getspecific@" SS_GLIBC_FIRST);
#endif
#endif

#endif
