/* The block is written after it was freed; then many of its size are allocated, until it is handed out again.
 *
 * all at 24, 3000, 300000: nothing */
#include "given.h"

enum { COUNT = 4096, SOME = 64 };

static void misuse(size_t size) {
    byte *block = middle(size);
    free((void *)block);
    spoil(block);
    for (int i = 0; i < (size > 4096 ? SOME : COUNT); i++)
        look(malloc(size));
}
