#include "base/text.h"

#include "os/os.h"

#include <string.h>

static void flush(ss_text *to) {
    ss_os_write_error(to->held, to->length);
    to->length = 0;
}

void ss_text_put_bytes(ss_text *to, const char *text, size_t bytes) {
    while (bytes != 0) {
        const size_t room = sizeof to->held - to->length, part = bytes < room ? bytes : room;
        memcpy(to->held + to->length, text, part);
        to->length += part;
        text += part;
        bytes -= part;
        if (to->length == sizeof to->held)
            flush(to);
    }
}

void ss_text_put(ss_text *to, const char *text) {
    ss_text_put_bytes(to, text, strlen(text));
}

static void put_digits(ss_text *to, uint64_t number, unsigned base) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    ss_text_put_bytes(to, digits + at, sizeof digits - at);
}

void ss_text_put_number(ss_text *to, uint64_t number) {
    put_digits(to, number, 10);
}

void ss_text_put_address(ss_text *to, uintptr_t address) {
    ss_text_put(to, "0x");
    put_digits(to, address, 16);
}

void ss_text_put_count(ss_text *to, uint64_t bytes) {
    if (bytes == 1) {
        ss_text_put(to, "one byte");
        return;
    }
    ss_text_put_number(to, bytes);
    ss_text_put(to, " bytes");
}

void ss_text_end(ss_text *to) {
    ss_text_put_bytes(to, "\n", 1);
    if (to->length != 0)
        flush(to);
}
