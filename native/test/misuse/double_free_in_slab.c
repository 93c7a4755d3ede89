/* The second free comes when the block is back in its slab, beside a live one.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100), *neighbour = superslab_malloc(100);
    superslab_free(block);
    superslab_trim();
    superslab_free(block);
    superslab_free(neighbour);
}
