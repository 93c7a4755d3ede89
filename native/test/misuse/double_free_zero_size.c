/* A block of no bytes freed twice, with others handed out in between.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(0);
    superslab_free(block);
    superslab_free(superslab_malloc(0));
    superslab_free(block);
}
