/* A sized free with a size that would have got a smaller block.
 *
 * default: SIGABRT superslab: size mismatch: <hex>
 * hardened1, hardened2: SIGABRT superslab: size mismatch: <hex>, the start of a block of 1000 bytes */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(1000);
    superslab_free_sized(block, 10);
}
