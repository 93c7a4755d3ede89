/* An error handler that counts the reports and returns. */
#ifndef TEST_REPORT_H
#define TEST_REPORT_H

#include "superslab.h"

enum { REPORT_KINDS = 11 };

/* Becomes the error handler. */
void reports_start(void);

/* Since the start, or since they were last taken; all kinds together for 0. */
unsigned reports_count(superslab_error error);

/* Exactly one report since the last, of this error and this pointer. Forgets it. */
void reports_expect(superslab_error error, const void *pointer);

/* As above, where the allocator may name the misuse in one of two ways. */
void reports_expect_either(superslab_error error, superslab_error other, const void *pointer);

/* The pointer of the last report. */
uintptr_t reports_pointer(void);

/* None since the last. */
void reports_expect_none(void);

/* Forgets all reports; returns their number. */
unsigned reports_take(void);

#endif
