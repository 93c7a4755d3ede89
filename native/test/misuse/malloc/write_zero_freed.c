/* A block of no bytes is written to after it was freed.
 *
 * all: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    (void)size;
    byte *block = malloc(0);
    free((void *)block);
    spoil(block);
}
