/* signal: SIGABRT
 * stderr: superslab: double free: <hex>
 * A block freed twice in a row. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free(block);
    superslab_free(block);
}
