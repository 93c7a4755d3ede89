/* signal: SIGABRT
 * stderr: superslab: corrupted header: <hex>
 * The byte before a live block overwritten with 0. */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(100);
    block[-1] = 0;
    superslab_free(block);
}
