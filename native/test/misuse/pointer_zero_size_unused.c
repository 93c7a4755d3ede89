/* An address for a block of no bytes that was not handed out yet.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

int main(void) {
    superslab_free((char *)superslab_malloc(0) + 4096);
}
