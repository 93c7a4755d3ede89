/* Reports errors of the program: calls the handler, or writes one line to stderr and aborts. */
#ifndef SS_REPORT_H
#define SS_REPORT_H

#include "base/fault.h"
#include "base/types.h"

/* Called with no lock held and no state in the middle of a change, because the handler may leave by longjmp. */
void ss_report(superslab_error error, const void *pointer);
void ss_report_all(const ss_faults *faults);

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
