/* The same for a block of a mid class, whose first free went back to the slab already.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(40000), *volatile neighbour = superslab_malloc(40000);
    const char header = block[-1];
    superslab_free(block);
    superslab_trim();
    block[-1] = header;
    superslab_free(block);
    superslab_trim();
    superslab_free(neighbour);
}
