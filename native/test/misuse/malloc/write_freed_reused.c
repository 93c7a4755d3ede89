/* One of many blocks is written after they were freed; then many of their size are allocated, until it is handed out
 * again, whole or with others of its slab: then its size is not told.
 *
 * default, hardened1 at 24, 3000, 300000: nothing
 * hardened2 at 24, 3000: SIGABRT superslab: use after free: <hex><rest>
 * hardened2 at 300000: SIGSEGV */
#include "given.h"

enum { FREED = 64, AFTER = 4096, LARGE = 64 };

static void misuse(size_t size) {
    byte *blocks[FREED];
    for (int i = 0; i < FREED; i++)
        blocks[i] = malloc(size);
    for (int i = 0; i < FREED; i++)
        free((void *)blocks[i]);
    spoil(blocks[FREED / 2]);
    for (int i = 0; i < (size > 4096 ? LARGE : AFTER); i++)
        look(malloc(size));
}
