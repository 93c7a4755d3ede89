/* A block of no bytes is written: no memory is there.
 *
 * all: SIGSEGV */
#include "superslab.h"

int main(void) {
    void *volatile block = superslab_malloc(0);
    *(volatile char *)block = 1;
}
