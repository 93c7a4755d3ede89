/* A loop writes 1 MiB behind the block.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 3000: SIGABRT superslab: overflow: <hex>
 * hardened1, hardened2 at 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    for (size_t i = 0; i < FAR; i++)
        spoil(block + size + i);
    free((void *)block);
}
