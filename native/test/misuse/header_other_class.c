/* The header of another class: found at once.
 *
 * all: SIGABRT superslab: header of another class: <hex> */
#include "superslab.h"

int main(void) {
    char *volatile block = superslab_malloc(100), *volatile other = superslab_malloc(1000);
    block[-1] = other[-1];
    superslab_free(block);
}
