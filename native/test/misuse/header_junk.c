/* The block before wrote a text one byte too long.
 *
 * all: SIGABRT superslab: corrupted header: <hex> */
#include "superslab.h"

#include <string.h>

enum { COUNT = 64 };

int main(void) {
    char *blocks[COUNT], *before = NULL, *block = NULL;
    for (int i = 0; i < COUNT; i++)
        blocks[i] = superslab_malloc(111);
    /* Two blocks side by side. */
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            if (blocks[j] > blocks[i] &&
                (block == NULL || blocks[j] - blocks[i] < block - before)) {
                before = blocks[i];
                block = blocks[j];
            }
    char *volatile text = before;
    memset(text, 'x', (size_t)(block - before));
    superslab_free(block);
}
