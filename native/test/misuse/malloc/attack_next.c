/* The program allocates two blocks, one after the other. An attacker relies on the second lying directly behind the
 * first. Ends by abort where it does in more than three quarters of 1,000 pairs.
 *
 * default at 24, 1000: SIGABRT
 * hardened1, hardened2 at 24, 1000: nothing */
#include "given.h"

enum { PAIRS = 1000 };

static void misuse(size_t size) {
    unsigned next = 0;
    size_t least = (size_t)-1;
    static byte *blocks[2 * PAIRS];
    for (int i = 0; i < 2 * PAIRS; i++)
        blocks[i] = malloc(size);
    for (int i = 1; i < 2 * PAIRS; i++) {
        const size_t apart = blocks[i] > blocks[i - 1] ? (size_t)(blocks[i] - blocks[i - 1])
                                                       : (size_t)(blocks[i - 1] - blocks[i]);
        least = apart < least ? apart : least;
    }
    for (int i = 0; i < 2 * PAIRS; i += 2)
        next += blocks[i + 1] == blocks[i] + least;
    if (next > PAIRS / 4 * 3)
        abort();
}
