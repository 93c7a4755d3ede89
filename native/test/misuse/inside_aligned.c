/* A pointer 16 bytes into a block of zeroes.
 *
 * all: SIGABRT superslab: pointer inside a block: <hex> */
#include "superslab.h"

int main(void) {
    char *block = superslab_calloc(1, 100);
    superslab_free(block + 16);
}
