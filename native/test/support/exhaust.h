/* Allocates until memory is exhausted, and frees all. */
#ifndef TEST_EXHAUST_H
#define TEST_EXHAUST_H

#include <stddef.h>

/* Allocates blocks of `size` (at least 16) until NULL with ENOMEM, checks them and frees them all, and
 * that memory can be allocated again afterwards. Returns the bytes it got. The blocks are a list through their own
 * first words. */
size_t exhaust_memory(size_t size);

#endif
