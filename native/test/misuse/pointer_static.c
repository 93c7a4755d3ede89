/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * A variable of the program. */
#include "superslab.h"

static _Alignas(16) char memory[32];

int main(void) {
    superslab_free(memory + 16);
}
