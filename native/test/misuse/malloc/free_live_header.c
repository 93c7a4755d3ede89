/* The block is freed, the byte before it is set to a live header again, and the block is freed a second time. Bins are
 * emptied at the end.
 *
 * all at 24, 3000: SIGABRT superslab: double free: <hex> */
#include "given.h"

#include <malloc.h>

static void misuse(size_t size) {
    byte *block = malloc(size), *neighbour = malloc(size);
    const unsigned char header = block[-1];
    free((void *)block);
    block[-1] = header;
    free((void *)block);
    malloc_trim(0);
    free((void *)neighbour);
}
