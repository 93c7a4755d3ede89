/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * A number that is not an address. */
#include "superslab.h"

#include <stdint.h>

int main(void) {
    superslab_free((void *)(uintptr_t)0xdeadbeefdeadbeef);
}
