/* A variable of a function.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

int main(void) {
    _Alignas(16) char local[32];
    superslab_free(local + 16);
}
