/* Limits of the process, `headroom` above its present mappings; see rss.h. */
#ifndef TEST_LIMIT_H
#define TEST_LIMIT_H

#include <stddef.h>

/* On addresses: RLIMIT_AS. */
void limit_mapped(size_t headroom);

/* On private writable addresses: RLIMIT_DATA. */
void limit_data(size_t headroom);

#endif
