/* The block is written after it was freed; nothing is allocated afterwards.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    free((void *)block);
    spoil(block);
}
