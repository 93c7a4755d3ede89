/* signal: SIGABRT
 * stderr: superslab: double free: <hex>
 * A block that was freed is resized. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free(block);
    block = superslab_realloc(block, 1000);
    superslab_free(block);
}
