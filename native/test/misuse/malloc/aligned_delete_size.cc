/* delete of an aligned block with the size of another type, which is a quarter of the block's.
 *
 * default at 1000, 3000, 300000: nothing
 * hardened1, hardened2 at 1000, 3000, 300000: SIGABRT superslab: size mismatch: <hex>, the start of a block of <size>
 *   bytes */
#include "given.h"

#include <new>

static void misuse(size_t size) {
    void *volatile block = ::operator new(size, std::align_val_t(64));
    ::operator delete(block, size / 4, std::align_val_t(64));
}
