/* The block is freed a second time after it may have been handed out again, and then by its second owner.
 *
 * all at 24, 3000, 300000: SIGABRT superslab: double free: <hex> */
#include "given.h"

static void misuse(size_t size) {
    void *volatile block = malloc(size);
    free(block);
    void *volatile other = malloc(size);
    free(block);
    free(other);
}
