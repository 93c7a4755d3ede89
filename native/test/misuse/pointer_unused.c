/* A pointer into superslab's own memory, after the last block of a slab's neighbour.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

int main(void) {
    char *block = superslab_malloc(100);
    superslab_inspection found;
    do { /* on to the first granule that is ready to use and not in use */
        block += 65536;
        superslab_inspect((uintptr_t)block, &found);
    } while (found.kind != SUPERSLAB_ADDRESS_UNUSED);
    superslab_free(block);
}
