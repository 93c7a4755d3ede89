/* Reports errors of the program: calls the handler, or writes one line to stderr, with what is known of the block, and
 * aborts. */
#ifndef SS_REPORT_H
#define SS_REPORT_H

#include "base/fault.h"
#include "base/text.h"

/* Called with no lock held and no state in the middle of a change, because the handler may leave by longjmp. */
void ss_report(superslab_error error, const void *pointer);
void ss_report_all(const ss_faults *faults);

/* What is known of the block that the pointer of an error lies in or beside. */
typedef struct ss_fault_detail {
    uintptr_t block; /* its start */
    size_t
        size; /* the bytes that were asked for; where that is not known, the bytes that it holds */
    bool freed; /* it was freed before the error */
    const char
        *found; /* when the error was found, after "found "; NULL if it was found as it was made */
    void (*more)(ss_text *to, const void *context); /* writes further lines; NULL for none */
    const void *context;                            /* its argument */
} ss_fault_detail;

/* As ss_report. The line goes on with the place of the pointer: `superslab: overflow: 0x7f…, one byte past a block of 24
 * bytes`. Without a detail it is that of ss_report. */
void ss_report_detail(superslab_error error, const void *pointer, const ss_fault_detail *detail);

/* Whether the program has set a handler, which is called instead of writing. */
bool ss_report_is_handled(void);

/* Writes what ss_report_detail would write, and returns. */
void ss_report_write(superslab_error error, const void *pointer, const ss_fault_detail *detail);

/* Keeps faults that were found on a thread that must not run the handler (the scavenger). The next thread that leaves a
 * cold path reports them. */
void ss_report_defer(const ss_faults *faults);
void ss_report_deferred(void);
/* Faults that are not reported yet; guarded by a lock of report.c. */
extern ss_faults ss_deferred_faults SS_HIDDEN;

/* In the child of a fork: releases the lock if another thread was adding faults. */
void ss_report_inherit(void);

static inline void ss_report_faults(const ss_faults *faults) {
    if (SS_UNLIKELY(faults->count != 0))
        ss_report_all(faults);
}

#endif
