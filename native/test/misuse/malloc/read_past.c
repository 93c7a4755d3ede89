/* One byte behind the block is read.
 *
 * all at 24, 32, 3000, 3008, 300000: nothing
 * guard at 32, 3008: SIGSEGV superslab: overflow: <hex>, one byte past a block of <size> bytes */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    look(block + size);
    free((void *)block);
}
