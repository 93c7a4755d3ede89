/* 32 bytes before the block are copied to; then it is freed.
 *
 * default, hardened1 at 24, 3000: SIGABRT superslab: corrupted header: <hex>
 * default, hardened1 at 300000: nothing
 * hardened2 at 24, 3000: SIGABRT superslab: corrupted header: <hex>
 * hardened2 at 300000: SIGSEGV */
#include "given.h"

static void misuse(size_t size) {
    static unsigned char line[32];
    byte *block = middle(size);
    memset(line, 0x41, sizeof line);
    memcpy((void *)(block - sizeof line), line, sizeof line);
    free((void *)block);
}
