/* 32 bytes behind the block are copied to; then it is freed. The size of
 * the request is lost with the trailer, or by chance another one is told.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 3000: SIGABRT superslab: overflow: <hex><rest>
 * hardened1, hardened2 at 300000: nothing */
#include "given.h"

static void misuse(size_t size) {
    static unsigned char line[32];
    byte *block = middle(size);
    memset(line, 0x41, sizeof line);
    memcpy((void *)(block + size), line, sizeof line);
    free((void *)block);
}
