/* A loop writes 1 MiB before the block, downwards.
 *
 * default, hardened1 at 24, 3000: SIGSEGV
 * default, hardened1 at 300000: nothing
 * hardened2 at 24, 3000, 300000: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    for (size_t i = 1; i <= FAR; i++)
        spoil(block - i);
    free((void *)block);
}
