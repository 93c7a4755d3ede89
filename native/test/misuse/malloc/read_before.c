/* The byte before the block is read.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    look(block - 1);
    free((void *)block);
}
