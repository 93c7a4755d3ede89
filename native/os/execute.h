/* Replaces this process, a Node, by another program, with the state it would have without Node. */
#ifndef SS_OS_EXECUTE_H
#define SS_OS_EXECUTE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns only if it fails, with the error's number. Signals, descriptors and limits are then already set for
 * the program. The environment is this process's, byte for byte, with `changes` (NAME=value, the last one
 * NULL) made to it. */
int ss_os_execute(const char *file, char *const arguments[], char *const changes[]);

/* Whether a descriptor was handed down to this process rather than opened by Node; `open` lists all. */
bool ss_os_is_inherited(const int *open, unsigned count, int descriptor);

/* Whether the file has capabilities, which a process gets by executing it. */
bool ss_os_has_capabilities(const char *file);

/* Restores the limits that Node was started with, as far as they can be known. */
void ss_os_limits_restore(void);

#ifdef __cplusplus
}
#endif

#endif
