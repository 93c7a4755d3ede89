/* The second free is a sized one.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *block = superslab_malloc(100);
    superslab_free(block);
    superslab_free_sized(block, 100);
}
