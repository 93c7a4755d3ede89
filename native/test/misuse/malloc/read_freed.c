/* The block is read after it was freed.
 *
 * default, hardened1 at 24, 3000, 300000: nothing
 * hardened2 at 24, 3000: nothing
 * hardened2 at 300000: SIGSEGV
 * guard at 24, 3000: SIGSEGV superslab: use after free: <hex>, the start of a freed block of <size> bytes */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    free((void *)block);
    look(block);
}
