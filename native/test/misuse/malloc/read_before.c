/* The byte before the block is read.
 *
 * default, hardened1 at 24, 32, 3000, 300000: nothing
 * hardened2 at 24, 32, 3000: nothing
 * hardened2 at 300000: SIGSEGV
 * guard at 32, 3000: SIGSEGV superslab: underflow: <hex>, one byte before a block of <size> bytes */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    look(block - 1);
    free((void *)block);
}
