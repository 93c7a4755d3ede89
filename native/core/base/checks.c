#include "base/checks.h"

#include "os/os.h"

#include <string.h>

#ifdef SUPERSLAB_CHECKED

enum { LINE_BYTES = 256, DIGITS = 10 };

/* Appends as much of the text as fits before `end`. */
static char *append(char *at, const char *end, const char *text) {
    size_t length = strlen(text), room = (size_t)(end - at);
    length = length < room ? length : room;
    memcpy(at, text, length);
    return at + length;
}

static char *append_number(char *at, const char *end, unsigned number) {
    char text[DIGITS + 1], *digit = text + DIGITS;
    *digit = '\0';
    do
        *--digit = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return append(at, end, digit);
}

_Noreturn void ss_check_failed(const char *condition, const char *file, unsigned line) {
    char text[LINE_BYTES], *at = text;
    const char *const end = text + sizeof text - 1;
    const char *name = strrchr(file, '/');
    at = append(at, end, "superslab: check failed: ");
    at = append(at, end, condition);
    at = append(at, end, " (");
    at = append(at, end, name == NULL ? file : name + 1);
    at = append(at, end, ":");
    at = append_number(at, end, line);
    at = append(at, end, ")");
    *at++ = '\n';
    ss_os_write_error(text, (size_t)(at - text));
    ss_os_abort();
}

#endif
