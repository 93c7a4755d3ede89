/* A loop reads 1 MiB behind the block.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    for (size_t i = 0; i < FAR; i++)
        look(block + size + i);
    free((void *)block);
}
