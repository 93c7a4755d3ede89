/* Allocations that must succeed: each call checks the result, its alignment and its usable size.
 *
 * The functions are in another file on purpose. The public header tells the compiler the size of the request, but
 * tests write the whole usable size, and the header before the block. */
#ifndef TEST_BLOCK_H
#define TEST_BLOCK_H

#include <stddef.h>

enum { BLOCK_ALIGNMENT = 16 };

void *block_new(size_t size);
void *block_new_zeroed(size_t count, size_t size);
void *block_new_aligned(size_t alignment, size_t size);
void *block_resize(void *block, size_t size);

/* For requests that may or must fail: NULL goes through, and then errno must be `expected_errno`. */
void *block_try(size_t size);
void *block_try_zeroed(size_t count, size_t size);
void *block_try_aligned(size_t alignment, size_t size, int expected_errno);
void *block_try_resize(void *block, size_t size);

/* Bytes it occupies, header and rounding included, as superslab_inspect says. */
size_t block_stride(const void *block);

/* Leaves free memory whose bytes are all the header of the class of `size`: from `count` blocks of `before` bytes, whose
 * addresses `blocks` holds meanwhile. */
void blocks_leave_headers(size_t size, size_t before, void **blocks, size_t count);

#endif
