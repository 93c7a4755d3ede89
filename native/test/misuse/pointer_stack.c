/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * A variable of a function. */
#include "superslab.h"

int main(void) {
    _Alignas(16) char local[32];
    superslab_free(local + 16);
}
