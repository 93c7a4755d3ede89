/* Contents to recognise a block by. The bytes depend on the seed and the place in the block alone,
 * so that a prefix can be checked after a realloc. */
#ifndef TEST_PATTERN_H
#define TEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every byte. */
void pattern_fill(void *block, size_t bytes, uint64_t seed);
bool pattern_intact(const void *block, size_t bytes, uint64_t seed);

/* Several words at both ends, in the middle and at the start of each 4 KiB: every byte of a small
 * block, and at most a 1/256th of a large one. */
void pattern_mark(void *block, size_t bytes, uint64_t seed);
bool pattern_marked(const void *block, size_t bytes, uint64_t seed);

/* As pattern_marked for the first `limit` of the `bytes` that were marked. */
bool pattern_marked_prefix(const void *block, size_t bytes, uint64_t seed, size_t limit);

bool pattern_zero(const void *block, size_t bytes);

#endif
