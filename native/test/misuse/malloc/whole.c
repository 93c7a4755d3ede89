/* Right use, of which no build may complain: all of what malloc_usable_size says is written, as often as the block is
 * resized, and read.
 *
 * all at 1, 24, 3000, 40000, 300000: nothing */
#include "given.h"

#include <malloc.h>

static void misuse(size_t size) {
    unsigned char *block = NULL;
    for (size_t bytes = 1; bytes <= 2 * size; bytes += bytes / 7 + 1) {
        block = realloc(block, bytes);
        const size_t usable = malloc_usable_size(block);
        if (usable < bytes)
            exit(2);
        memset(block, (int)bytes, usable);
        for (size_t i = 0; i < usable; i++)
            if (block[i] != (unsigned char)bytes)
                exit(3);
    }
    free(block);
}
