/* An attacker with reads and writes of freed blocks looks for the allocator's pointers in them. There are none: each byte is
 * as it was, or zero.
 *
 * all at 24, 1000, 3000, 40000: nothing */
#include "given.h"

enum { COUNT = 512 };

static void misuse(size_t size) {
    byte *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = memset(malloc(size), 0x5e, size);
    for (int i = 0; i < COUNT; i++)
        if (i % 8 != 0) /* the slabs stay */
            free((void *)blocks[i]);
    for (int i = 0; i < COUNT; i++)
        for (size_t k = 0; k < size; k++)
            if (blocks[i][k] != 0x5e && blocks[i][k] != 0)
                abort();
}
