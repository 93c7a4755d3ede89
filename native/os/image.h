/* The preload library's questions about the process. One file for each platform. No function allocates; all
 * preserve errno. */
#ifndef SS_OS_IMAGE_H
#define SS_OS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- functions that objects of this process define, in load order ---- */

/* Whether any object defines it. */
bool ss_os_symbol_exists(const char *name);

/* Whether this object's definition comes first, so that the program calls it. Always true on macOS, where
 * functions are not replaced by name. */
bool ss_os_symbol_is_ours(const char *name);

/* The first definition after this object, the first before it if there is none, or NULL. */
void *ss_os_symbol_next(const char *name);

/* Withdraws this object's definitions of these functions, at most SS_OS_SYMBOLS_MOST: the other objects of the process
 * are bound, now and later, to the first definition after it. A function without one stays. If the system refuses,
 * nothing changes. Does nothing on macOS. Must not be called while the loader relocates. */
#define SS_OS_SYMBOLS_MOST 64u
void ss_os_symbols_give_way(const char *const *names, size_t count);

/* Makes the loader not find the definitions of these functions in the first object after this one that defines
 * names[0], which is the C library. What it binds from then on, it binds to this object, even for a library that prefers
 * its own dependencies. What is bound already stays. Exists on Linux only. Not for two threads at once. */
void ss_os_symbols_conceal_next(const char *const *names, size_t count);

/* ---- the process ---- */

/* Makes getenv work before the C library's own initialisation, during which early callers of malloc may
 * come. */
void ss_os_environment_ready(void);

/* The process's start time, in the system's own unit; exec does not change it. 0 where it is not known. */
uint64_t ss_os_process_start(void);

/* Writes the arguments, each with its final zero, into `text`; returns the number of bytes. */
size_t ss_os_command_line(char *text, size_t bytes);

#endif
