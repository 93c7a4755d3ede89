/* A loop writes 1 MiB before the block, downwards.
 *
 * all at 24, 3000: SIGSEGV
 * all at 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    for (size_t i = 1; i <= FAR; i++)
        spoil(block - i);
    free((void *)block);
}
