/* A sized free of a large block with the size of a small one.
 *
 * default: SIGABRT superslab: size mismatch: <hex>
 * hardened1, hardened2: SIGABRT superslab: size mismatch: <hex>, the start of a block of 1048576 bytes */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(1 << 20);
    superslab_free_sized(block, 100);
}
