/* signal: SIGABRT
 * stderr: superslab: size mismatch: <hex>
 * A sized free of a large block with the size of a small one. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(1 << 20);
    superslab_free_sized(block, 100);
}
