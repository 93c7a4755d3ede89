/* A block aligned to a page freed twice.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_aligned_alloc(4096, 4096);
    superslab_free(block);
    superslab_free(block);
}
