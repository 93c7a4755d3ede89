/* The lines of /proc/self/maps: "START-END PERMISSIONS ...", in the order of addresses. */
#ifndef SS_MAPS_LINUX_H
#define SS_MAPS_LINUX_H

#include <stdint.h>

static inline uintptr_t ss_os_hexadecimal(const char **text) {
    uintptr_t value = 0;
    for (;; ++*text) {
        const char digit = **text;
        if (digit >= '0' && digit <= '9')
            value = value << 4 | (uintptr_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = value << 4 | (uintptr_t)(digit - 'a' + 10);
        else
            return value;
    }
}

/* Returns what follows the addresses, with the space before the permissions. */
static inline const char *ss_os_maps_line(const char *line, uintptr_t *start, uintptr_t *end) {
    *start = ss_os_hexadecimal(&line);
    line += *line == '-';
    *end = ss_os_hexadecimal(&line);
    return line;
}

#endif
