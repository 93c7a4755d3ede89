/* 32 bytes behind the block are copied to; then it is freed.
 *
 * default at 24, 3000, 300000: nothing
 * hardened1, hardened2 at 24, 3000, 300000: SIGABRT superslab: overflow: <hex>, one byte past a block of <size> bytes,
 *   found when it was freed */
#include "given.h"

static void misuse(size_t size) {
    static unsigned char line[32];
    byte *block = middle(size);
    memset(line, 0x41, sizeof line);
    memcpy((void *)(block + size), line, sizeof line);
    free((void *)block);
}
