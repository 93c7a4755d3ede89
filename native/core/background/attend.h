/* The end of a cold path. */
#ifndef SS_ATTEND_H
#define SS_ATTEND_H

#include "base/signal.h"

SS_COLD void ss_attend_slow(void);

/* Acts on what the layers below have signalled: starts the scavenger, publishes the figures, reports errors that the
 * scavenger found. Called with no lock held and no state in the middle of a change, because the error handler may not
 * return. */
static inline void ss_attend(void) {
    if (SS_UNLIKELY(atomic_load_explicit(&ss_signals->attention, memory_order_relaxed) != 0))
        ss_attend_slow();
}

#endif
