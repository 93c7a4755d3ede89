/* A block that was freed is resized.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free(block);
    block = superslab_realloc(block, 1000);
    superslab_free(block);
}
