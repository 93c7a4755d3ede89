/* The block before wrote a text one byte too long.
 *
 * all: SIGABRT superslab: corrupted header: <hex> */
#include "superslab.h"

#include <string.h>

int main(void) {
    /* Two blocks side by side, the second 112 bytes after the first. */
    char *before = superslab_malloc(111), *block = superslab_malloc(111);
    while (block != before + 112) {
        before = block;
        block = superslab_malloc(111);
    }
    char *volatile text = before;
    memset(text, 'x', 112);
    superslab_free(block);
}
