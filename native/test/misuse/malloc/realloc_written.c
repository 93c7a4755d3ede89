/* One byte behind the block is written; then it is resized.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = malloc(size);
    spoil(block + size);
    block = realloc((void *)block, 2 * size);
    free((void *)block);
}
