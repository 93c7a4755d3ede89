/* Descriptors that the library keeps open in a program that does not know of them. */
#ifndef SS_OS_DESCRIPTOR_LINUX_H
#define SS_OS_DESCRIPTOR_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The same file under a number above those that programs count on, closed by exec; closes `descriptor`. -1 when
 * refused. */
int ss_os_descriptor_raise(int descriptor);

/* The identity of the descriptor's file; false if it is not a file. */
bool ss_os_descriptor_file(int descriptor, uint64_t *device, uint64_t *inode);

/* Growing a file beyond this limit would send a signal. */
bool ss_os_may_grow(uint64_t bytes);

#endif
