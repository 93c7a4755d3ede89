/* All windows together: as a source of spaces, and their statistics. */
#ifndef SS_WINDOWS_H
#define SS_WINDOWS_H

#include "background/source.h"
#include "window/window.h"

extern const ss_source ss_window_source;

/* The statistics of the holder's window, or of all windows if `holder` is NULL. */
void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out);

#endif
