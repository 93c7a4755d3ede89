/* signal: SIGABRT
 * stderr: superslab: pointer inside a block: <hex>
 * A pointer 16 bytes into a block of zeroes. */
#include "superslab.h"

int main(void) {
    char *block = superslab_calloc(1, 100);
    superslab_free(block + 16);
}
