/* What the preload library asks about the process it finds itself in. One file a platform.
 * No function allocates; all preserve errno. */
#ifndef SS_OS_IMAGE_H
#define SS_OS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- functions that objects of this process define, in load order ---- */

/* Whether any object defines it. */
bool ss_os_symbol_exists(const char *name);

/* Whether this object's definition comes first: it is the one that the program calls. Always on macOS,
 * where nothing stands in for a function by its name. */
bool ss_os_symbol_is_ours(const char *name);

/* The first definition behind this object, the first before it if there is none, or NULL. */
void *ss_os_symbol_next(const char *name);

/* Has this object no longer define these functions, at most SS_OS_SYMBOLS_MOST, for the other objects of the process:
 * what they have bound to it, and what they bind later, is the first definition behind it. A function that has none
 * stays. Where the system refuses all stays as it is. Nothing on macOS. Not while the loader still relocates. */
#define SS_OS_SYMBOLS_MOST 64u
void ss_os_symbols_give_way(const char *const *names, size_t count);

/* ---- the process ---- */

/* Makes getenv work even before the C library's own initialisation, in which early callers of malloc
 * may come. */
void ss_os_environment_ready(void);

/* When it began, in the system's own unit; exec does not change it. 0 where that is not known. */
uint64_t ss_os_process_start(void);

/* The arguments, each with the zero that ends it; how many bytes were put into `text`. */
size_t ss_os_command_line(char *text, size_t bytes);

#endif
