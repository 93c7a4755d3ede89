/* signal: SIGABRT
 * stderr: superslab: size mismatch: <hex>
 * A sized free of an aligned block with another size. */
#include "superslab.h"

int main(void) {
    void *block = superslab_aligned_alloc(4096, 4096);
    superslab_free_aligned_sized(block, 4096, 100000);
}
