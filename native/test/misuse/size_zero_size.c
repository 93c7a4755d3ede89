/* A block of no bytes freed as one of a byte.
 *
 * all: SIGABRT superslab: size mismatch: <hex> */
#include "superslab.h"

int main(void) {
    superslab_free_sized(superslab_malloc(0), 1);
}
