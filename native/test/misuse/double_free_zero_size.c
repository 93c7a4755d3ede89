/* signal: SIGABRT
 * stderr: superslab: double free: <hex>
 * A block of no bytes freed twice, with others handed out in between. */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(0);
    superslab_free(block);
    superslab_free(superslab_malloc(0));
    superslab_free(block);
}
