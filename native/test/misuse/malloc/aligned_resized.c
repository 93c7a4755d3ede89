/* One byte behind an aligned block is written; then it is resized.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 3000, 300000: SIGABRT superslab: overflow: <hex>, one byte past a block of <size> bytes,
 *   found when it was resized */
#include "given.h"

static void misuse(size_t size) {
    byte *block = aligned_alloc(64, size);
    spoil(block + size);
    block = realloc((void *)block, 2 * size);
    free((void *)block);
}
