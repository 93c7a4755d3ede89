/* Random places for reservations. */
#ifndef SS_PLACE_LINUX_H
#define SS_PLACE_LINUX_H

#include <stddef.h>

/* Chooses a random place for `most` addresses, aligned to `alignment`, and maps `bytes` of them from the offset
 * `first` on without access, with SS_OS_MARGIN_BYTES on either side. NULL when refused, or where the
 * system does not take a program's choice. May change errno. */
void *ss_place_map(size_t most, size_t first, size_t bytes, size_t alignment);

#endif
