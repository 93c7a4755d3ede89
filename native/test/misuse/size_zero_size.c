/* signal: SIGABRT
 * stderr: superslab: size mismatch: <hex>
 * A block of no bytes freed as one of a byte. */
#include "superslab.h"

int main(void) {
    superslab_free_sized(superslab_malloc(0), 1);
}
