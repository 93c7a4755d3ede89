/* Blocks are filled with a secret and freed; a later owner of their memory finds the secret in it.
 *
 * default, hardened1 at 24, 3000, 300000: SIGABRT
 * hardened2 at 24, 3000, 300000: nothing */
#include "given.h"

enum { COUNT = 256 };

static void misuse(size_t size) {
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = memset(malloc(size), 0x5e, size);
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
    for (int i = 0; i < COUNT; i++) {
        byte *block = malloc(size);
        for (size_t k = 0; k < size; k++)
            if (block[k] == 0x5e)
                abort();
    }
}
