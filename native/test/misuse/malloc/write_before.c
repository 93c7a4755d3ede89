/* The byte before the block is written; then it is freed.
 *
 * all at 24, 3000: SIGABRT superslab: corrupted header: <hex>
 * all at 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    spoil(block - 1);
    free((void *)block);
}
