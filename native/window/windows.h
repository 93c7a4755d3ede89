/* All windows together: as a source of spaces, and their statistics. */
#ifndef SS_WINDOWS_H
#define SS_WINDOWS_H

#include "background/source.h"
#include "window/window.h"

extern const ss_source ss_window_source;

/* Of the holder's window, or of all for NULL. */
void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out);

#endif
