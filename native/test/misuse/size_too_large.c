/* signal: SIGABRT
 * stderr: superslab: size mismatch: <hex>
 * A sized free with more than the block holds. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free_sized(block, 1000);
}
