/* A number that was taken for a pointer.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

#include <stdint.h>

int main(void) {
    superslab_free((void *)(uintptr_t)24);
}
