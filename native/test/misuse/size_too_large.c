/* A sized free with more than the block holds.
 *
 * default: SIGABRT superslab: size mismatch: <hex>
 * hardened1, hardened2: SIGABRT superslab: size mismatch: <hex>, the start of a block of 100 bytes */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free_sized(block, 1000);
}
