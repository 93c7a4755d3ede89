/* signal: SIGABRT
 * stderr: superslab: double free: <hex>
 * A block of a mid class freed twice. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(40000);
    superslab_free(block);
    superslab_free(block);
}
