/* All windows together: as a source of spaces, and their statistics. */
#ifndef SS_WINDOWS_H
#define SS_WINDOWS_H

#include "background/source.h"
#include "window/window.h"

/* This copy's own claims of addresses, which its table names. They lie behind the bins of granules, whose first page is
 * always touched. */
extern ss_api_claim ss_api_claims[SS_API_CLAIM_COUNT] SS_HIDDEN;

extern const ss_source ss_window_source;

/* The statistics of the holder's window, or of all windows if `holder` is NULL. */
void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out);

#endif
