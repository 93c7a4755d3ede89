/* The byte before the block is written; then it is freed.
 *
 * default, hardened1 at 24, 3000: SIGABRT superslab: corrupted header: <hex>
 * default, hardened1 at 300000: nothing
 * hardened2 at 24, 3000: SIGABRT superslab: corrupted header: <hex>
 * hardened2 at 300000: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    byte *block = middle(size);
    spoil(block - 1);
    free((void *)block);
}
