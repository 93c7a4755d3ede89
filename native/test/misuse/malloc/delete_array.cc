/* delete of a block of new[].
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

#include <new>

static void misuse(size_t size) {
    void *volatile block = ::operator new[](size);
    ::operator delete(block);
}
