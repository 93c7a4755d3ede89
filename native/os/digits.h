/* Reads a decimal number without the C library: strtoul looks at the locale, and the first call that does makes a
 * process hold pages of the library that most programs never touch. */
#ifndef SS_OS_DIGITS_H
#define SS_OS_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* The number that the text begins with, UINT64_MAX for a larger one; 0 if it begins with no digit. *end is the first
 * character after the digits, unless NULL is given. */
static inline uint64_t ss_os_digits(const char *text, const char **end) {
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    if (end != NULL)
        *end = text;
    return value;
}

#endif
