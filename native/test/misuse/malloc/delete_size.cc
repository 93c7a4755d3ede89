/* delete with the size of another type, which is a quarter of the block's.
 *
 * all at 1000, 3000, 300000: nothing */
#include "given.h"

#include <new>

static void misuse(size_t size) {
    void *volatile block = ::operator new(size);
    ::operator delete(block, size / 4);
}
