/* A pointer into a block that is aligned to a page.
 *
 * all: SIGABRT superslab: pointer inside a block: <hex> */
#include "superslab.h"

int main(void) {
    char *block = superslab_aligned_alloc(4096, 8192);
    superslab_free(block + 4096);
}
