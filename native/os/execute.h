/* Becoming another program as if this one, a Node, had never been there. */
#ifndef SS_OS_EXECUTE_H
#define SS_OS_EXECUTE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns only if it fails, with the error's number. Signals, descriptors and limits are then already as
 * the program should have had them. The environment is this process's, byte for byte, with `changes`
 * (NAME=value, the last one NULL) made to it. */
int ss_os_execute(const char *file, char *const arguments[], char *const changes[]);

/* Whether a descriptor was handed down to this process rather than opened by Node; `open` lists all. */
bool ss_os_is_inherited(const int *open, unsigned count, int descriptor);

/* Whether the file has capabilities that whoever executes it would get. */
bool ss_os_has_capabilities(const char *file);

/* What Node changes of the limits it was started with, put back as far as that can be known. */
void ss_os_limits_restore(void);

#ifdef __cplusplus
}
#endif

#endif
