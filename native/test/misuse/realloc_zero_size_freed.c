/* A block of no bytes resized after it was freed.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(0);
    superslab_free(block);
    superslab_free(superslab_realloc(block, 100));
}
