/* A write past the block reaches the header of the next one, which is then freed.
 *
 * all at 24, 3000: SIGABRT superslab: corrupted header: <hex> */
#include "given.h"

enum { COUNT = 64 };

static void misuse(size_t size) {
    byte *blocks[COUNT], *first = NULL, *next = NULL;
    for (int i = 0; i < COUNT; i++)
        blocks[i] = malloc(size);
    /* The two that lie nearest to each other. */
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            if (blocks[j] > blocks[i] && (first == NULL || blocks[j] - blocks[i] < next - first)) {
                first = blocks[i];
                next = blocks[j];
            }
    memset((void *)(first + size), 0x41, (size_t)(next - first) - size);
    free((void *)next);
}
