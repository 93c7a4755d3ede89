/* A sized free of an aligned block with another size.
 *
 * all: SIGABRT superslab: size mismatch: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_aligned_alloc(4096, 4096);
    superslab_free_aligned_sized(block, 4096, 100000);
}
