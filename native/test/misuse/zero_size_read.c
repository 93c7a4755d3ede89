/* A block of no bytes is read: no memory is there.
 *
 * all: SIGSEGV */
#include "superslab.h"

int main(void) {
    void *volatile block = superslab_malloc(0);
    return *(volatile char *)block;
}
