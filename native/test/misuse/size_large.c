/* A sized free of a large block with the size of a small one.
 *
 * all: SIGABRT superslab: size mismatch: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(1 << 20);
    superslab_free_sized(block, 100);
}
