/* A pointer to a mapping that is gone.
 *
 * all: SIGABRT superslab: unknown pointer: <hex> */
#include "superslab.h"

#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    superslab_free(page + 16);
}
