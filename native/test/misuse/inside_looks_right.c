/* The byte before the pointer is a copy of the block's own header: found at flush.
 *
 * all: SIGABRT superslab: pointer inside a block: <hex> */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(200);
    block[31] = block[-1];
    superslab_free(block + 32);
    superslab_trim();
}
