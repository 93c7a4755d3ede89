/* The explorer's settings of its own platform. */
#ifndef EXPLORER_PLATFORM_H
#define EXPLORER_PLATFORM_H

#include "explorer.h"

void platform_start(void);

/* Refuses the next space of malloc's, which is tried in all sizes down to the `least` one. */
void platform_refuse_space(size_t least);

/* In setup: from now on the system takes pages back, or says so. It refuses otherwise. */
void platform_purge(void);

/* In setup: a thread that waits for a time goes on at once, but not for ever: after two lives of the background thread
 * it waits to the end of the execution. Without this call another thread goes on first, if one can. */
void platform_wait_briefly(void);

/* The background thread's function, if it was started; no thread runs it but one of the scenario's. */
void (*platform_thread_started(void))(void);

/* The work of fork's handler in a child. */
void platform_forked(void);

/* The thread that runs now comes to its end: the destructors of its values run. */
void platform_thread_end(void);

#endif
