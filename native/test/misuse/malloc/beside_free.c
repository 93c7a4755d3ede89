/* A write past the block skips its canary and reaches the next block, which is free; then the first one is freed. Level 2
 * compares the beginning of a free neighbour for sizes that are scrubbed as a whole.
 *
 * default, hardened1 at 24, 4096: nothing
 * hardened2 at 24, 4096: SIGABRT superslab: use after free: <hex>, <rest> */
#include "given.h"

static void misuse(size_t size) {
    byte *block = malloc(size);
    spoil(block + size + 20); /* at most 16 bytes lie between the request and the next block */
    free((void *)block);
}
