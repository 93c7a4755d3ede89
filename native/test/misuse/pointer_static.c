/* A variable of the program.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

static _Alignas(16) char memory[32];

int main(void) {
    superslab_free(memory + 16);
}
