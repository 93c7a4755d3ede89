/* Not the address of a block of no bytes, but the one after it.
 *
 * all: SIGABRT superslab: pointer inside a block: <hex> */
#include "superslab.h"

int main(void) {
    superslab_free((char *)superslab_malloc(0) + 1);
}
