/* The byte before a live block overwritten with 0.
 *
 * all: SIGABRT superslab: corrupted header: <hex> */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(100);
    block[-1] = 0;
    superslab_free(block);
}
