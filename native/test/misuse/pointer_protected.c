/* A pointer into a page that may not be read.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    superslab_free(page + 16);
}
