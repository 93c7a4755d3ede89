/* The block before wrote a text one byte too long.
 *
 * all: SIGABRT superslab: corrupted header: <hex> */
#include "superslab.h"

#include <stddef.h>
#include <string.h>

enum { COUNT = 200, SIZE = 111 };

int main(void) {
    static char *blocks[COUNT];
    superslab_inspection found;
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = superslab_malloc(SIZE);
    superslab_inspect((uintptr_t)blocks[0], &found);
    for (unsigned i = 0; i < COUNT * COUNT; i++) {
        char *volatile text = blocks[i / COUNT];
        char *behind = blocks[i % COUNT];
        if (behind != text + found.stride)
            continue;
        memset(text, 'x', found.stride); /* the last byte is the header of the block behind */
        superslab_free(behind);
    }
}
