/* Asks the system about memory. */
#ifndef TEST_ACCESS_H
#define TEST_ACCESS_H

#include <stdbool.h>

/* Whether the byte can be read: the system answers instead of faulting. By one thread at a time. */
bool is_readable(const void *address);

#endif
