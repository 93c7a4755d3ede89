#include "background/attend.h"

#include "background/publish.h"
#include "background/scavenger.h"
#include "base/report.h"

void ss_attend_slow(void) {
    /* The bit for publishing goes when the figures are taken; that for the scavenger stays without a thread, for as long
     * as there are ticks to come. */
    const bool by_calls = ss_scavenger_is_inline();
    const uint32_t kept = SS_ATTENTION_PUBLISH | (by_calls ? SS_ATTENTION_SCAVENGER : 0);
    /* Acquire: with the bit of the scavenger it is seen to be wanted. The faults are under a lock. */
    const uint32_t bits =
        atomic_fetch_and_explicit(&ss_signals->attention, kept, memory_order_acquire);
    if ((bits & SS_ATTENTION_SCAVENGER) != 0) {
        if (by_calls)
            ss_scavenger_tick_inline();
        else
            ss_scavenger_start();
    }
    if ((bits & SS_ATTENTION_PUBLISH) != 0)
        ss_publish_by_call();
    if ((bits & SS_ATTENTION_FAULTS) != 0) /* last: the handler may not return */
        ss_report_deferred();
}
