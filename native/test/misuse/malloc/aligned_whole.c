/* Right use of aligned blocks, of which no build may complain: all of what malloc_usable_size says is written, before and
 * after the block is resized.
 *
 * all at 1, 24, 64, 3000, 4096, 40000, 65536, 300000: nothing */
#include "given.h"

#include <malloc.h>

static void fill(unsigned char *block, size_t size) {
    const size_t usable = malloc_usable_size(block);
    if (usable < size)
        exit(2);
    memset(block, (int)size, usable);
    for (size_t i = 0; i < usable; i++)
        if (block[i] != (unsigned char)size)
            exit(3);
}

static void misuse(size_t size) {
    for (size_t alignment = 32; alignment <= 1 << 17; alignment *= 2) {
        unsigned char *block = aligned_alloc(alignment, size);
        if ((size_t)block % alignment != 0)
            exit(1);
        fill(block, size);
        const size_t sizes[] = {size - size / 4, size + size / 8, 2 * size};
        for (int i = 0; i < 3; i++) {
            block = realloc(block, sizes[i]);
            fill(block, sizes[i]);
        }
        free(block);
        fill(block = aligned_alloc(alignment, size), size);
        free(block);
    }
}
