/* An attacker with a write into a block puts a copy of its header there, and has the program free the place behind the
 * copy. Bins are emptied at the end.
 *
 * all at 3000: SIGABRT superslab: pointer inside a block: <hex> */
#include "given.h"

#include <malloc.h>

static void misuse(size_t size) {
    byte *block = malloc(size);
    block[63] = block[-1];
    free((void *)(block + 64));
    malloc_trim(0);
}
