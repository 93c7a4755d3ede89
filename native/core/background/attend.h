/* The end of a cold path. */
#ifndef SS_ATTEND_H
#define SS_ATTEND_H

#include "base/signal.h"

/* Leaves the bits of `kept` as they are. */
SS_COLD void ss_attend_slow(uint32_t kept);

/* Acts on what the layers below have signalled: starts the scavenger, publishes the figures, reports errors that the
 * scavenger found. Called with no lock held and no state in the middle of a change, because the error handler may not
 * return. */
static inline void ss_attend(void) {
    if (SS_UNLIKELY(atomic_load_explicit(&ss_signals->attention, memory_order_relaxed) != 0))
        ss_attend_slow(0);
}

/* The same for the end of a function whose caller may be in the middle of a change, such as a window's: leaves the report
 * of errors to the next call that ends in ss_attend. */
static inline void ss_attend_without_report(void) {
    if (SS_UNLIKELY((atomic_load_explicit(&ss_signals->attention, memory_order_relaxed) &
                     ~SS_ATTENTION_FAULTS) != 0))
        ss_attend_slow(SS_ATTENTION_FAULTS);
}

#endif
