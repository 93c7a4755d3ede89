/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * An address for a block of no bytes that was not handed out yet. */
#include "superslab.h"

int main(void) {
    superslab_free((char *)superslab_malloc(0) + 4096);
}
