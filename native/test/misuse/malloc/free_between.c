/* The block is freed, then 256 others, and then the block again.
 *
 * all at 24, 3000, 300000: SIGABRT superslab: double free: <hex> */
#include "given.h"

enum { COUNT = 256 };

static void misuse(size_t size) {
    void *others[COUNT], *volatile block = malloc(size);
    for (int i = 0; i < COUNT; i++)
        others[i] = malloc(size);
    free(block);
    for (int i = 0; i < COUNT; i++)
        free(others[i]);
    free(block);
}
