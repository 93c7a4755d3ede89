/* One byte behind the block is read.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    look(block + size);
    free((void *)block);
}
