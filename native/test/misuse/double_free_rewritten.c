/* The header is restored after the free, and the block freed again: found when the bin is flushed.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(100);
    const char header = block[-1];
    superslab_free(block);
    block[-1] = header;
    superslab_free(block);
    superslab_trim();
}
