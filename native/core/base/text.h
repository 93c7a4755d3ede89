/* Lines for stderr, built without allocating: also in the handler of a signal. */
#ifndef SS_TEXT_H
#define SS_TEXT_H

#include "base/types.h"

/* All 0 before the first call. A line is written whole if it fits, and in pieces otherwise. */
typedef struct ss_text {
    size_t length;
    char held[240];
} ss_text;

void ss_text_put(ss_text *to, const char *text);
void ss_text_put_bytes(ss_text *to, const char *text, size_t bytes);
void ss_text_put_number(ss_text *to, uint64_t number);
/* 0x and the digits. */
void ss_text_put_address(ss_text *to, uintptr_t address);
/* "one byte" or "24 bytes". */
void ss_text_put_count(ss_text *to, uint64_t bytes);
/* Ends the line, and writes it. */
void ss_text_end(ss_text *to);

#endif
