/* A block of no bytes is written to.
 *
 * all: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    (void)size;
    byte *block = malloc(0);
    spoil(block);
    free((void *)block);
}
