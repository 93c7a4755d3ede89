/* The first call of the process frees a pointer that was never allocated.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

static _Alignas(16) char memory[64];

int main(void) {
    superslab_free_sized(memory + 32, 8);
}
