/* The header of the next block, which is live, is written over; then the block before it is freed.
 *
 * default, hardened1 at 24, 3000: nothing
 * hardened2 at 24, 3000: SIGABRT superslab: corrupted header: <hex>, one byte before a block of <rest> */
#include "given.h"

enum { COUNT = 64 };

static void misuse(size_t size) {
    byte *blocks[COUNT], *first = NULL, *next = NULL;
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = malloc(size);
        memset((void *)blocks[i], 0x55, size);
    }
    /* The two that lie nearest to each other. */
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            if (blocks[j] > blocks[i] && (first == NULL || blocks[j] - blocks[i] < next - first)) {
                first = blocks[i];
                next = blocks[j];
            }
    spoil(next - 1);
    free((void *)first);
}
