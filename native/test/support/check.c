#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t seed_used;
static bool seed_known;

/* Written with one write(2): several threads or processes may fail at once. */
static void print(const char *before, const char *format, va_list arguments, const char *after) {
    char text[8192];
    int length = snprintf(text, sizeof text, "%s", before);
    length += vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    if (length > (int)sizeof text - 100)
        length = (int)sizeof text - 100;
    length += snprintf(text + length, sizeof text - (size_t)length, "%s\n", after);
    if (write(STDERR_FILENO, text, (size_t)length) != length)
        _exit(EXIT_FAILURE);
}

static _Noreturn void fail(const char *file, int line, const char *condition, const char *format,
                           va_list arguments) {
    char before[512], seed[64] = "";
    snprintf(before, sizeof before, "%s:%d: %s%s", file, line, condition,
             condition[0] != '\0' ? " is false: " : "");
    if (seed_known)
        snprintf(seed, sizeof seed, " (seed %ju)", (uintmax_t)seed_used);
    print(before, format, arguments, seed);
    _exit(EXIT_FAILURE);
}

void check_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(file, line, "", format, arguments);
}

void check_fail_because(const char *file, int line, const char *condition, const char *format,
                        ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(file, line, condition, format, arguments);
}

void check_skip(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print("skipped: ", format, arguments, "");
    va_end(arguments);
    _exit(CHECK_SKIP_CODE);
}

uint64_t check_seed(int argc, char **argv, uint64_t fallback) {
    seed_used = argc > 1 ? strtoull(argv[1], NULL, 0) : fallback;
    seed_known = true;
    return seed_used;
}

/* Defaults of the sanitizers' run-time; the environment overrides them. A report must fail the test,
 * in a forked child too. */
#if CHECK_TSAN
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) {
    /* A forked child cannot join the threads that its parent had. */
    return "halt_on_error=1:die_after_fork=0:report_thread_leaks=0";
}
#endif
#if CHECK_ASAN
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "halt_on_error=1";
}
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) {
    return "halt_on_error=1:print_stacktrace=1";
}
#endif
