/* A block of no bytes is freed twice.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "given.h"

static void misuse(size_t size) {
    (void)size;
    void *volatile block = malloc(0);
    free(block);
    free(block);
}
