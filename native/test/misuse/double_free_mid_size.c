/* A block of a mid class freed twice.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(40000);
    superslab_free(block);
    superslab_free(block);
}
