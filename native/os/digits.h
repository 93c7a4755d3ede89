/* Reading a number without the C library: strtoul looks at the locale, and the first who asks for that
 * makes a process hold pages of the library that most programs never touch. */
#ifndef SS_OS_DIGITS_H
#define SS_OS_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* The number that the text begins with, 0 if it begins with none; *end is behind it, unless NULL. */
static inline uint64_t ss_os_digits(const char *text, const char **end) {
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    if (end != NULL)
        *end = text;
    return value;
}

#endif
