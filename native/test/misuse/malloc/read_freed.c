/* The block is read after it was freed.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    free((void *)block);
    look(block);
}
