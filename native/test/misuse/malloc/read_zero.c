/* A block of no bytes is read.
 *
 * all: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    (void)size;
    byte *block = malloc(0);
    look(block);
    free((void *)block);
}
