/* A loop writes 1 MiB behind the block.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1 at 24, 3000: SIGSEGV
 * hardened1 at 300000: SIGABRT superslab: overflow: <hex>, one byte past a block of <size> bytes, found when it was
 *   freed
 * hardened2 at 24, 3000, 300000: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    for (size_t i = 0; i < FAR; i++)
        spoil(block + size + i);
    free((void *)block);
}
