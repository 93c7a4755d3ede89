/* One byte behind an aligned block is written; then it is freed.
 *
 * default at 24, 64, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 64, 3000, 300000: SIGABRT superslab: overflow: <hex>, one byte past a block of <size> bytes,
 *   found when it was freed */
#include "given.h"

static void misuse(size_t size) {
    byte *block = aligned_alloc(64, size);
    spoil(block + size);
    free((void *)block);
}
