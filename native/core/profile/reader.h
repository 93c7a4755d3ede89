/* Memory that a walk of a stack reads, in ways that cannot fault. */
#ifndef SS_READER_H
#define SS_READER_H

#include "base/types.h"

/* What a thread's stack is known to be. */
typedef struct ss_stack {
    uintptr_t low, end; /* memory that is the thread's own, and is read without asking the system */
} ss_stack;

/* Memory that a walk reads: the thread's own stack, and a copy of a piece of any other memory. */
typedef struct ss_reader {
    uintptr_t low, end;
    uintptr_t copy_start, copy_end;
    uint8_t copy[512];
} ss_reader;

bool ss_reader_word(ss_reader *reader, uintptr_t address, uintptr_t *out);

#endif
