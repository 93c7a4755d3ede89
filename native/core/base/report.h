/* Errors of the program: to the handler, or one line on stderr and an abort. */
#ifndef SS_REPORT_H
#define SS_REPORT_H

#include "base/fault.h"
#include "base/types.h"

/* Called with no lock held and no state in the middle of a change: the handler may not return. */
void ss_report(superslab_error error, const void *pointer);
void ss_report_all(const ss_faults *faults);

/* Faults found on a thread that must not report: the next one that leaves a cold path does. */
void ss_report_defer(const ss_faults *faults);
void ss_report_deferred(void);
/* What was found and is not reported yet; under a lock of report.c. */
extern ss_faults ss_deferred_faults SS_HIDDEN;

/* In a child: another thread may have been adding some. */
void ss_report_inherit(void);

static inline void ss_report_faults(const ss_faults *faults) {
    if (SS_UNLIKELY(faults->count != 0))
        ss_report_all(faults);
}

#endif
