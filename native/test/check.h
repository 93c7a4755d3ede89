/* Checks for the test programs. A check that fails prints its file, its line and the values, and
 * ends the process with exit code 1: never with a signal, so that it cannot pass for the abort that
 * a test expects of a child. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__has_feature)
#define CHECK_HAS_FEATURE(name) __has_feature(name)
#else
#define CHECK_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_THREAD__) || CHECK_HAS_FEATURE(thread_sanitizer)
#define CHECK_TSAN 1
#else
#define CHECK_TSAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CHECK_HAS_FEATURE(address_sanitizer)
#define CHECK_ASAN 1
#else
#define CHECK_ASAN 0
#endif
/* A sanitizer's shadow memory counts as RSS and its bookkeeping as time. */
#define CHECK_SANITIZED (CHECK_TSAN || CHECK_ASAN)

/* Set by CMake where programs run in an emulator: its memory, threads and descriptors are the process's as well, and a
 * program's limits on memory have no effect. */
/* The level of hardening that the tests are compiled with. */
#ifdef SUPERSLAB_HARDENED
#define CHECK_HARDENED SUPERSLAB_HARDENED
#else
#define CHECK_HARDENED 0
#endif

#ifndef CHECK_EMULATED
#define CHECK_EMULATED 0
#endif

/* Loop counts are divided by this; -DSUPERSLAB_TEST_SCALE=N to CMake overrides it. */
#ifndef CHECK_SCALE
#define CHECK_SCALE (CHECK_TSAN ? 4 : CHECK_ASAN ? 2 : 1)
#endif
#define CHECK_SCALED(count) ((count) / CHECK_SCALE > 0 ? (count) / CHECK_SCALE : 1)

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, "%s is false", #condition))

#define CHECK_RELATION(left, relation, right)                                                      \
    do {                                                                                           \
        const uintmax_t check_left = (uintmax_t)(left);                                            \
        const uintmax_t check_right = (uintmax_t)(right);                                          \
        if (!(check_left relation check_right))                                                    \
            check_fail(__FILE__, __LINE__, "%s " #relation " %s is false: %ju (%#jx), %ju (%#jx)", \
                       #left, #right, check_left, check_left, check_right, check_right);           \
    } while (0)

#define CHECK_EQ(left, right) CHECK_RELATION(left, ==, right)
#define CHECK_NE(left, right) CHECK_RELATION(left, !=, right)
#define CHECK_LE(left, right) CHECK_RELATION(left, <=, right)
#define CHECK_LT(left, right) CHECK_RELATION(left, <, right)
#define CHECK_GE(left, right) CHECK_RELATION(left, >=, right)
#define CHECK_GT(left, right) CHECK_RELATION(left, >, right)

/* For a loop's check: `format` says which round, size or block it was. */
#define CHECK_THAT(condition, ...)                                                                 \
    ((condition) ? (void)0 : check_fail_because(__FILE__, __LINE__, #condition, __VA_ARGS__))

_Noreturn void check_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void check_fail_because(const char *file, int line, const char *condition,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For a check that this machine or this build does not support: prints the reason and exits with
 * CHECK_SKIP_CODE, which CTest counts as skipped. */
#define CHECK_SKIP_CODE 77
_Noreturn void check_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The program's first argument, or `fallback`. A failing check prints the seed, so that the run can be repeated. */
uint64_t check_seed(int argc, char **argv, uint64_t fallback);

#endif
