/* A sized free with a size that would have got a smaller block.
 *
 * all: SIGABRT superslab: size mismatch: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(1000);
    superslab_free_sized(block, 10);
}
