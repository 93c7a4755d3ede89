/* A pointer into the middle of a large block.
 *
 * all: SIGABRT superslab: pointer inside a block: <hex> */
#include "superslab.h"

int main(void) {
    char *block = superslab_malloc(1 << 20);
    superslab_free(block + (1 << 19));
}
