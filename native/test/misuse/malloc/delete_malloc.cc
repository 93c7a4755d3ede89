/* delete of a block of malloc.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 3000, 300000: SIGABRT superslab: freed by the wrong function: <hex>, the start of a block of
 *   <size> bytes */
#include "given.h"

#include <new>

static void misuse(size_t size) {
    void *volatile block = malloc(size);
    ::operator delete(block);
}
