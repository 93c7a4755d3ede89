/* signal: SIGSEGV
 * stderr:
 * A block of no bytes is written: no memory is there. */
#include "superslab.h"

int main(void) {
    void *volatile block = superslab_malloc(0);
    *(volatile char *)block = 1;
}
