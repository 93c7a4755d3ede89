/* A sized free of an aligned block with another size.
 *
 * default: SIGABRT superslab: size mismatch: <hex>
 * hardened1, hardened2: SIGABRT superslab: size mismatch: <hex>, the start of a block of 4096 bytes */
#include "superslab.h"

int main(void) {
    void *block = superslab_aligned_alloc(4096, 4096);
    superslab_free_aligned_sized(block, 4096, 100000);
}
