/* free keeps errno on every path: bin, flush, large, given back to the system. */
#include "block.h"
#include "check.h"
#include "stats.h"

#include <errno.h>

enum { COUNT = 2000 };

int main(void) {
    static const size_t sizes[] = {16, 300, 5000, 40000, 100000, 3 << 20};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t count = sizes[s] < 10000 ? COUNT : 40;
        void *blocks[COUNT];
        for (size_t i = 0; i < count; i++)
            blocks[i] = block_new(sizes[s]);
        for (size_t i = 0; i < count; i++) {
            errno = 4242;
            if (i % 2 == 0)
                superslab_free(blocks[i]);
            else
                superslab_free_sized(blocks[i], sizes[s]);
            CHECK_EQ(errno, 4242);
        }
    }
    errno = 4242;
    superslab_free(NULL);
    CHECK_EQ(errno, 4242);
}
