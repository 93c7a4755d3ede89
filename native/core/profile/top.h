/* The stacks that hold most of the live memory, as lines for a report. */
#ifndef SS_TOP_H
#define SS_TOP_H

#include "base/types.h"

/* Writes whole lines of at most 80 characters and returns their length, at most `bytes`; 0 if no profile runs, or the
 * profile is in use now. JavaScript's functions have the names of the engine's map. Allocates nothing, and makes no call
 * but to read that map. For one thread, the scavenger. */
size_t ss_profile_top(char *text, size_t bytes);

#endif
