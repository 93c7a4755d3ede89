/* Takes all memory there is to have, and gives it back. */
#ifndef TEST_EXHAUST_H
#define TEST_EXHAUST_H

#include <stddef.h>

/* Allocates blocks of `size` (at least 16) until NULL with ENOMEM, checks them and frees them all, and
 * that memory can be had again afterwards. Returns the bytes it got. The list of the blocks stands in
 * the blocks. */
size_t exhaust_memory(size_t size);

#endif
