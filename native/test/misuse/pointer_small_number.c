/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * A number that was taken for a pointer. */
#include "superslab.h"

#include <stdint.h>

int main(void) {
    superslab_free((void *)(uintptr_t)24);
}
