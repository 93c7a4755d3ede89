/* A number that is not an address.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

#include <stdint.h>

int main(void) {
    superslab_free((void *)(uintptr_t)0xdeadbeefdeadbeef);
}
