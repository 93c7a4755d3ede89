/* signal: SIGABRT
 * stderr: superslab: unknown pointer: <hex>
 * A pointer into a page that may not be read. */
#include "superslab.h"

#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    superslab_free(page + 16);
}
