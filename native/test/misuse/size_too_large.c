/* A sized free with more than the block holds.
 *
 * all: SIGABRT superslab: size mismatch: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free_sized(block, 1000);
}
