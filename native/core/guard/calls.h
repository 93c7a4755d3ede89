/* The calls of a report: the thread, the time, and the stack, with the names of its functions. */
#ifndef SS_CALLS_H
#define SS_CALLS_H

#include "base/text.h"
#include "guard/places.h"

typedef struct ss_call_line {
    const char *what; /* "freed" */
    const ss_moment *moment;
} ss_call_line;

#define SS_CALL_LINES_MOST 3u

/* Writes them, the last one first; how long before it the others were. For one thread at a time. Allocates nothing. */
void ss_calls_put(ss_text *to, const ss_call_line *calls, unsigned count);

#endif
