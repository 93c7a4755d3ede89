#include "background/attend.h"

#include "background/publish.h"
#include "background/scavenger.h"
#include "base/report.h"

void ss_attend_slow(uint32_t kept) {
    /* The bit for publishing is cleared when the figures are taken. Where calls do the ticks, the bit for the scavenger
     * stays set until ss_scavenger_tick_inline clears it. */
    const bool by_calls = ss_scavenger_is_inline();
    const uint32_t stay = kept | SS_ATTENTION_PUBLISH | (by_calls ? SS_ATTENTION_SCAVENGER : 0);
    /* Acquire: pairs with the release of the thread that set the scavenger's bit, so this thread sees that the
     * scavenger is wanted. The faults need no order: a lock guards them. */
    const uint32_t bits =
        ~kept & atomic_fetch_and_explicit(&ss_signals->attention, stay, memory_order_acquire);
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
